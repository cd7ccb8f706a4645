"""CSV with a heading line, UTF-8 (a byte order mark is all right), comma, semicolon or tab."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from shop.catalogue.importers.base import Importer, ImporterError, SourceRow

# Headings of other systems for our fields, in small letters.
ALSO = {
    "sku": "id",
    "product_id": "id",
    "name": "name_en",
    "title": "name_en",
    "description": "description_en",
    "quantity": "stock",
    "inventory": "stock",
    "compare_at_price": "list_price",
    "image_url": "image",
    "image_link": "image",
}


class CsvImporter(Importer):
    """One product a line; headings are our field names or common ones of other systems."""

    label = "CSV"

    def rows(self, path: Path) -> Iterator[SourceRow]:
        """See :meth:`Importer.rows`."""
        with path.open(encoding="utf-8-sig", newline="") as file:
            try:
                heading = file.readline()
                separator = max(",;\t", key=heading.count)
                file.seek(0)
                reader = csv.DictReader(file, delimiter=separator, restkey="", restval="")
                names = {name: ALSO.get(self._plain(name), self._plain(name)) for name in reader.fieldnames or []}
                if "id" not in names.values():
                    raise ImporterError("the first line names no column `id` (or `sku`, `product_id`)")
                for row in reader:
                    raw = {name: value for name, value in row.items() if name}
                    yield SourceRow(reader.line_num, {names[name]: value.strip() for name, value in raw.items()}, raw)
            except UnicodeDecodeError as error:
                raise ImporterError(f"it is not UTF-8 (byte {error.start}): save it as UTF-8 and try again") from None
            except csv.Error as error:
                raise ImporterError(f"it is no CSV: {error}") from None

    @staticmethod
    def _plain(name: str) -> str:
        return name.strip().lower().replace(" ", "_").replace("-", "_")
