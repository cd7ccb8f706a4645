"""Ratings out of a CSV file: user_id, item_id, rating, timestamp; whatever other columns there are describe the item.

A cell that is empty is left to :mod:`recommender.ratings.cleaning`; one that cannot be read is an error with its line and column.
"""

from __future__ import annotations

import codecs
import csv
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ratings.table import Values

COLUMNS = ("user_id", "item_id", "rating", "timestamp")
# What stands for "nothing" in exports.
EMPTY = frozenset({"", "nan", "null", "none", "na", "n/a"})
# A number above is in milliseconds: as seconds it would be the year 5138.
MILLION = 1_000_000
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


def read_csv(path: Path, encoding: str = "", *, say: Callable[[str], None] = lambda line: None) -> Raw:
    """The rows of a CSV file with a header, comma, semicolon or tab between its cells.

    Args:
        encoding: empty: UTF-8, or UTF-16 where the file begins so.
        say: told every million rows.

    Raises:
        BadFile: with file, line and column, and what to do.
    """
    try:
        with path.open("rb") as raw:
            wide = raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        with path.open(encoding=encoding or ("utf-16" if wide else "utf-8-sig"), newline="") as file:
            head = file.readline()
            if not head.strip():
                raise BadFile(f"{path}: line 1: the file is empty: it needs a header with {', '.join(COLUMNS)}")
            separator, first = max(",;\t", key=head.count), 2
            if head.startswith("sep=") and len(head.strip()) == len("sep=,"):
                # Excel's own first line.
                separator, head, first = head[len("sep=")], file.readline(), 3
            names = [name.strip().lower() for name in next(csv.reader([head], delimiter=separator))]
            _check_header(path, names)
            rows = csv.reader(file, delimiter=separator, strict=True)
            return _rows(path, names, rows, first, comma=separator != ",", say=say)
    except UnicodeError as error:
        line = _line_of(path, error)
        raise BadFile(
            f"{path}: {line}not {encoding or 'UTF-8'} text: save it as CSV UTF-8, or name what it is: --encoding gb18030"
        ) from None
    except LookupError:
        raise BadFile(f"{path}: there is no encoding {encoding!r}: utf-8, gb18030 and cp1252 are some") from None
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from None


def _line_of(path: Path, error: UnicodeError) -> str:
    """``line n: `` of the first octet that cannot be read as UTF-8; empty where it was to be something else."""
    if not isinstance(error, UnicodeDecodeError) or error.encoding != "utf-8":
        return ""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f"line {number}: "
    return ""


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
    missing = [name for name in COLUMNS if name not in names]
    twice = [name for name in COLUMNS if names.count(name) > 1]
    for columns, what in ((missing, "missing"), (twice, "there twice")):
        if columns:
            are = f"column {columns[0]} is" if len(columns) == 1 else f"columns {', '.join(columns)} are"
            remedy = f"name them {', '.join(COLUMNS)} in the first line"
            raise BadFile(f"{path}: line 1: {are} {what}: there are {', '.join(names)}; {remedy}")


def _rows(
    path: Path,
    names: list[str],
    rows: Any,
    first: int = 2,
    *,
    comma: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Raw:
    raw = Raw()
    place = {name: names.index(name) for name in COLUMNS}
    others = [column for column, name in enumerate(names) if name not in COLUMNS]
    # Millions of rows: numbers as eight octets, and each id held once.
    values, moments, lines, ids = array("d"), array("d"), array("q"), dict[str, str]()
    for row in _whole(path, rows, first):
        number = rows.line_num + first - 1
        if not row:
            continue
        where = f"{path}: line {number}"
        if len(row) != len(names):
            raise BadFile(
                f"{where}: {len(row)} cells where there are {len(names)} columns: put cells that hold the separator in quotes"
            )
        user, item = _text(row[place["user_id"]]), _text(row[place["item_id"]])
        values.append(_number(row[place["rating"]], where, comma=comma))
        moments.append(_moment(row[place["timestamp"]], where))
        raw.users.append(ids.setdefault(user, user))
        raw.items.append(ids.setdefault(item, item))
        lines.append(number)
        if others and item and item not in raw.texts and (words := " ".join(row[column] for column in others).strip()):
            raw.texts[item] = words
        if len(lines) % MILLION == 0:
            say(f"{len(lines):,} rows read")
    raw.value, raw.at = np.array(values, np.float64), np.array(moments, np.float64)
    raw.line = np.array(lines, np.int64)
    return raw


def _whole(path: Path, rows: Any, first: int) -> Iterator[list[str]]:
    """The rows; a quote that is never closed would swallow all that follow, and is an error."""
    begins = first
    try:
        for row in rows:
            yield row
            begins = rows.line_num + first
    except csv.Error as error:
        raise BadFile(
            f"{path}: line {begins}: {error}: close quotes, and write one within a quoted cell twice; is it a CSV file?"
        ) from None


def _text(cell: str) -> str:
    cell = cell.strip()
    return "" if cell.lower() in EMPTY else cell


def _number(cell: str, where: str, *, comma: bool) -> float:
    cell = cell.strip()
    if cell.lower() in EMPTY:
        return float("nan")
    try:
        number = float(cell.replace(",", ".") if comma else cell)
    except ValueError:
        number = float("inf")
    if not np.isfinite(number):
        raise BadFile(
            f"{where}: column rating: {cell[:40]!r} is no number: correct the cell or empty it, empty ones are left out"
        )
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
        raise BadFile(f"{where}: column timestamp: {cell[:40]!r} is no moment: correct the cell or empty it")
    return number / 1000 if abs(number) > MILLISECONDS else number
