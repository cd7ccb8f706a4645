"""Bring products from a file into the catalogue: new ones made, known ones changed, wrong rows set aside with their reason.

A product is known by its id, so the same file twice changes nothing, and an import that was interrupted is simply run again.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from shop.catalogue.importers import Importer, SourceRow
from shop.catalogue.models import SEARCHED, Category, Product
from shop.catalogue.writing import ensure_category

BATCH = 500
TEXTS = ("name_en", "name_zh", "description_en", "description_zh", "brand", "size", "image", "currency")
FIELDS = ("id", *TEXTS, "category", "price", "list_price", "stock", "tags", "active")
AMOUNT = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?")
YES, NO = {"1", "true", "yes", "y"}, {"0", "false", "no", "n"}


class RowRefused(Exception):
    """A row that cannot become a product; the message names the field."""


@dataclass
class ImportResult:
    """What became of the rows: each is counted once."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    def as_dict(self) -> dict[str, int]:
        """For JSON."""
        return asdict(self)


def import_catalogue(
    importer: Importer, path: Path, *, refused_to: Path | None = None, dry_run: bool = False
) -> ImportResult:
    """Import a file.

    Args:
        importer: reads its format.
        path: the file.
        refused_to: CSV to which wrong rows go, as they were, with ``line`` and ``reason``; written only if there is one.
        dry_run: only tell what would become of the rows.

    Raises:
        ImporterError: the file cannot be read; batches before the fault are in.
    """
    result = ImportResult()
    seen: set[str] = set()
    with ExitStack() as stack:
        refusals = _Refusals(refused_to, stack)
        rows = iter(importer.rows(path))
        while batch := list(islice(rows, BATCH)):
            with transaction.atomic():
                _import(batch, seen, result, refusals)
                if dry_run:
                    transaction.set_rollback(True)
    return result


class _Refusals:
    """The file of refused rows, opened for the first."""

    def __init__(self, path: Path | None, stack: ExitStack) -> None:
        self.path, self.stack = path, stack
        self.writer: Any = None

    def add(self, row: SourceRow, reason: str) -> None:
        if self.path is None:
            return
        if self.writer is None:
            file = self.stack.enter_context(self.path.open("w", encoding="utf-8", newline=""))
            self.writer = csv.DictWriter(file, [*row.raw, "line", "reason"], extrasaction="ignore", restval="")
            self.writer.writeheader()
        self.writer.writerow({**row.raw, "line": row.number, "reason": reason})


def _import(batch: Iterable[SourceRow], seen: set[str], result: ImportResult, refusals: _Refusals) -> None:
    batch = list(batch)
    ids = [row.values.get("id", "") for row in batch]
    # PostgreSQL knows no zero byte: such a row is refused below, and is not asked for.
    known = Product.objects.select_for_update().in_bulk([each for each in ids if "\x00" not in each])
    written: list[Product] = []
    reworded: list[str] = []
    # Those of this batch by what rows say of them: a query for each of a row's parts took longer than all else.
    categories: dict[str, Category] = {}
    for row in batch:
        try:
            product = _product(row, known, seen, categories)
        except RowRefused as error:
            result.refused += 1
            refusals.add(row, str(error))
            continue
        seen.add(product.pk)
        old = known.get(product.pk)
        if old is None:
            result.created += 1
        elif all(getattr(old, name) == getattr(product, name) for name in _COLUMNS):
            result.unchanged += 1
            continue
        else:
            result.changed += 1
        written.append(product)
        if old is None or any(getattr(old, name) != getattr(product, name) for name in _SEARCHED):
            reworded.append(product.pk)
    if written:
        Product.objects.upsert(written, {*_COLUMNS, "updated_at"}, reworded=reworded, made=True)


_COLUMNS = (*TEXTS, "slug", "category_id", "price", "list_price", "stock", "tags", "active")
_SEARCHED = SEARCHED.intersection(_COLUMNS)


def _product(row: SourceRow, known: dict[str, Product], seen: set[str], categories: dict[str, Category]) -> Product:
    """The product of a row: the known one with what the row says, or a new one.

    Raises:
        RowRefused: with the field and what is wrong with it.
    """
    values = row.values
    _refuse_zero_bytes(values)
    product_id = values.get("id", "")
    if not product_id:
        raise RowRefused("id: is empty")
    if product_id in seen:
        raise RowRefused("id: stands twice in the file")
    old = known.get(product_id)
    product = Product(id=product_id)
    if old is not None:
        for name in _COLUMNS:
            setattr(product, name, getattr(old, name))
    for name in TEXTS:
        if name in values and (values[name] or name != "currency"):
            setattr(product, name, values[name])
    _set_figures(product, values)
    if values.get("category"):
        if values["category"] not in categories:
            categories[values["category"]] = _category(values["category"])
        product.category_id = categories[values["category"]].pk
    if not product.category_id:
        raise RowRefused("category: is empty")
    if "tags" in values:
        product.tags = [tag.strip() for tag in values["tags"].split("|") if tag.strip()]
    if not product.slug or "name_en" in values:
        product.slug = slugify(f"{product.brand} {product.name_en} {product.size}")[:120]
    _check(product)
    return product


def _refuse_zero_bytes(values: dict[str, str]) -> None:
    for name, value in values.items():
        if "\x00" in value:
            raise RowRefused(f"{name}: holds a zero byte")


def _set_figures(product: Product, values: dict[str, str]) -> None:
    if values.get("price"):
        product.price = _money("price", values["price"])
    if product.price is None:
        raise RowRefused("price: is empty")
    if "list_price" in values:
        product.list_price = _money("list_price", values["list_price"]) if values["list_price"] else None
    if values.get("stock"):
        if not re.fullmatch(r"[0-9]{1,9}", values["stock"]):
            raise RowRefused(f"stock: {values['stock']!r} is not a whole number from 0")
        product.stock = int(values["stock"])
    if values.get("active"):
        said = values["active"].lower()
        if said not in YES | NO:
            raise RowRefused(f"active: {values['active']!r} is neither yes nor no")
        product.active = said in YES


def _money(name: str, text: str) -> Decimal:
    if not AMOUNT.fullmatch(text):
        raise RowRefused(f"{name}: {text!r} is no amount such as 12.50")
    return Decimal(text).quantize(Decimal("0.01"))


def _check(product: Product) -> None:
    try:
        product.clean_fields(exclude=["category", "search"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise RowRefused(f"{field}: {messages[0]}") from None


def _category(path: str) -> Category:
    """The category of a path such as ``drinks/coffee``, made with all above it where it is missing."""
    full = "/".join(_parts(path))
    if not full:
        raise RowRefused(f"category: {path!r} is no path such as drinks/coffee")
    if len(full) > 255:
        raise RowRefused("category: is too long")
    return ensure_category(full)


def _parts(path: str) -> Iterator[str]:
    for part in path.split("/"):
        if slug := slugify(part)[:80]:
            yield slug
