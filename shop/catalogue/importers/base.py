"""What an importer is: a reader of one format. What becomes of its rows is :mod:`shop.catalogue.importing`'s."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class ImporterError(Exception):
    """A file that cannot be read at all; the message says what is wrong with it."""


@dataclass(frozen=True)
class SourceRow:
    """One product as its source has it.

    Attributes:
        number: where it stands, counted as an editor counts lines.
        values: text by the names of :data:`shop.catalogue.importing.FIELDS`; names that are missing leave a product as it is.
        raw: the row as it was, for the file of refused rows.
    """

    number: int
    values: dict[str, str]
    raw: dict[str, str]


class Importer(ABC):
    """A format.

    Attributes:
        label: what people call it.
    """

    label = ""

    @abstractmethod
    def rows(self, path: Path) -> Iterator[SourceRow]:
        """The rows of a file, one after another (a file may be larger than memory).

        Raises:
            ImporterError: it is not of this format.
        """
