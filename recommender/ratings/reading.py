"""Ratings out of a CSV file: user_id, item_id, rating, timestamp; whatever other columns there are describe the item.

A cell that is empty is left to :mod:`recommender.ratings.cleaning`; one that cannot be read is an error with its line and column.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.ratings.table import Values

COLUMNS = ("user_id", "item_id", "rating", "timestamp")
# What stands for "nothing" in exports.
EMPTY = frozenset({"", "nan", "null", "none", "na", "n/a"})
# A number above is in milliseconds: as seconds it would be the year 5138.
MILLISECONDS = 100_000_000_000.0


class BadFile(ValueError):
    """The file cannot be read; the message names the file, and where there is one the line and the column."""


@dataclass
class Raw:
    """What stands in a file, row by row; nan and "" where a cell is empty.

    Attributes:
        line: line of each row in the file, from 1.
        at: seconds since the epoch, UTC.
        texts: words of each item: all other columns, the first time that they are not empty.
        read: rows read.
    """

    users: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    value: Values = field(default_factory=lambda: np.zeros(0))
    at: Values = field(default_factory=lambda: np.zeros(0))
    line: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    texts: dict[str, str] = field(default_factory=dict)


def read_csv(path: Path) -> Raw:
    """The rows of a CSV file with a header, comma, semicolon or tab between its cells.

    Raises:
        BadFile: with file, line and column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            if not head.strip():
                raise BadFile(f"{path}: line 1: the file is empty: it needs a header with {', '.join(COLUMNS)}")
            separator = max(",;\t", key=head.count)
            names = [name.strip().lower() for name in next(csv.reader([head], delimiter=separator))]
            _check_header(path, names)
            return _rows(path, names, csv.reader(file, delimiter=separator))
    except UnicodeDecodeError as error:
        raise BadFile(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    except csv.Error as error:
        raise BadFile(f"{path}: {error}") from None
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from None


def read_udata(path: Path) -> Raw:
    """MovieLens ``u.data``: user, item, rating, seconds, tab between, no header.

    Raises:
        BadFile: with file, line and column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _rows(path, list(COLUMNS), csv.reader(file, delimiter="\t"), first=1)
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from None


def _check_header(path: Path, names: Sequence[str]) -> None:
    for name in COLUMNS:
        if names.count(name) != 1:
            what = "is missing" if name not in names else "stands twice"
            raise BadFile(f"{path}: line 1: column {name} {what}: there are {', '.join(names)}")


def _rows(path: Path, names: list[str], rows: Iterator[list[str]], first: int = 2) -> Raw:
    raw = Raw()
    place = {name: names.index(name) for name in COLUMNS}
    others = [column for column, name in enumerate(names) if name not in COLUMNS]
    values, moments, lines = [], [], []
    for number, row in enumerate(rows, first):
        if not row:
            continue
        if len(row) != len(names):
            raise BadFile(f"{path}: line {number}: {len(row)} cells where the header has {len(names)} columns")
        where = f"{path}: line {number}"
        user, item = _text(row[place["user_id"]]), _text(row[place["item_id"]])
        values.append(_number(row[place["rating"]], where, "rating"))
        moments.append(_moment(row[place["timestamp"]], where))
        raw.users.append(user)
        raw.items.append(item)
        lines.append(number)
        if others and item and item not in raw.texts and (words := " ".join(row[column] for column in others).strip()):
            raw.texts[item] = words
    raw.value, raw.at = np.array(values, np.float64), np.array(moments, np.float64)
    raw.line = np.array(lines, np.int64)
    return raw


def _text(cell: str) -> str:
    cell = cell.strip()
    return "" if cell.lower() in EMPTY else cell


def _number(cell: str, where: str, column: str) -> float:
    cell = cell.strip()
    if cell.lower() in EMPTY:
        return float("nan")
    try:
        number = float(cell)
    except ValueError:
        raise BadFile(f"{where}: column {column}: {cell[:40]!r} is no number") from None
    if not np.isfinite(number):
        raise BadFile(f"{where}: column {column}: {cell[:40]!r} is not finite")
    return number


def _moment(cell: str, where: str) -> float:
    cell = cell.strip()
    if cell.lower() in EMPTY:
        return float("nan")
    try:
        number = float(cell)
    except ValueError:
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            raise BadFile(
                f"{where}: column timestamp: {cell[:40]!r} is neither seconds since 1970 nor a date like 2026-01-31T12:00:00"
            ) from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not np.isfinite(number):
        raise BadFile(f"{where}: column timestamp: {cell[:40]!r} is not finite")
    return number / 1000 if abs(number) > MILLISECONDS else number
