"""``manage.py import_catalogue FILE``: products from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.catalogue.importers import IMPORTERS, ImporterError
from shop.catalogue.importing import import_catalogue
from shop.registry import UnknownPlugin


class Command(BaseCommand):
    """Imports products; run again it changes nothing."""

    help = "Import products from a file: new ones are made, known ones changed, wrong rows set aside with their reason."

    def add_arguments(self, parser: CommandParser) -> None:
        """File, format, and what to do."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", default="csv", help=f"one of: {', '.join(IMPORTERS.names())}")
        parser.add_argument("--dry-run", action="store_true", help="only tell what would happen")
        parser.add_argument("--refused", type=Path, help="where wrong rows go (default: FILE.refused.csv)")
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import."""
        path: Path = options["file"]
        refused_to: Path = options["refused"] or path.with_suffix(".refused.csv")
        try:
            importer = IMPORTERS.get(options["format"])()
            result = import_catalogue(importer, path, refused_to=refused_to, dry_run=options["dry_run"])
        except (UnknownPlugin, ImporterError, OSError) as error:
            raise CommandError(f"{path}: {error}") from None
        if options["json"]:
            self.stdout.write(json.dumps(result.as_dict()))
        else:
            would = "would be " if options["dry_run"] else ""
            self.stdout.write(
                f"{would}created {result.created:,}, changed {result.changed:,}, unchanged {result.unchanged:,},"
                f" refused {result.refused:,}{f' (see {refused_to})' if result.refused else ''}"
            )
