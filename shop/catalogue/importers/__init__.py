"""Importers of catalogues, by format: one file and one line each.

Outsiders add theirs by the setting ``PUSHCART_IMPORTERS`` or the entry point group ``pushcart.importers``.
"""

from shop.catalogue.importers.base import Importer, ImporterError, SourceRow
from shop.registry import Registry

IMPORTERS: Registry[Importer] = Registry("importer", {"csv": "shop.catalogue.importers.csv_file.CsvImporter"})

__all__ = ["IMPORTERS", "Importer", "ImporterError", "SourceRow"]
