"""Session files of public benchmarks, read into the dataset that the shop's own tables are read into.

Two formats. *prefix*: ``train_sessions.txt.gz`` (item ids by spaces, a session a line, oldest first) and
``test_prefix_target.tsv.gz`` (prefix, tab, target). *timestamped*: tables with the columns SessionId, ItemId and Time (seconds),
``train.txt.gz`` or ``train_full.txt.gz``, and ``test.txt.gz``; every position of a test session after the first is asked for.
Files that were unpacked, without ``.gz``, are read as well.

Published protocols say what is learned from, so files are taken as they are, unless asked otherwise: ``clean`` sends the training
part of timestamped files through the rules that the shop's own events go through. Prefix files have no times to judge by.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.interactions import Dataset, build, from_sessions
from recommender.dataset.kinds import Kind
from recommender.dataset.products import Products

Format = Literal["prefix", "timestamped"]
Rows = NDArray[np.int32]

FILES: dict[Format, tuple[tuple[str, ...], ...]] = {
    "prefix": (("train_sessions.txt.gz",), ("test_prefix_target.tsv.gz",)),
    "timestamped": (("train.txt.gz", "train_full.txt.gz"), ("test.txt.gz",)),
}
FOREVER_MS = 1 << 62


class MissingFile(FileNotFoundError):
    """A file that the benchmark needs is not there; the message names it."""


class UnreadableFile(ValueError):
    """A file is not in its format; the message names it, the line where there is one, and what it should hold."""


@dataclass(frozen=True)
class SessionFiles:
    """What was read.

    Attributes:
        train: sessions to learn from.
        prefixes: of each question the products seen so far, oldest first, with repeats.
        targets: (questions,) int32, the product that came next.
        touched: rule of cleaning to the rows of the training part that it dropped, repaired or noted; empty: not cleaned.
    """

    train: Dataset
    prefixes: list[Rows]
    targets: Rows
    touched: dict[str, int] = field(default_factory=dict)


def read_sessions(folder: Path, form: Format, *, clean: bool = False) -> SessionFiles:
    """Read a folder.

    Raises:
        MissingFile: with the name of the file.
        UnreadableFile: a file is not in the format, or there is nothing to learn or to ask.
        ValueError: there are no times to clean by.
    """
    train, test = (_find(folder, names) for names in FILES[form])
    if form == "prefix":
        if clean:
            raise ValueError(f"{train.name} has no times: rules of cleaning cannot judge it")
        return _read_prefix(train, test)
    return _read_timestamped(train, test, clean=clean)


def _find(folder: Path, names: Sequence[str]) -> Path:
    for name in (*names, *(name.removesuffix(".gz") for name in names)):
        if (folder / name).is_file():
            return folder / name
    raise MissingFile(f"{folder} lacks {' or '.join(names)}")


def _read_prefix(train: Path, test: Path) -> SessionFiles:
    sessions = [line.split() for line in read_text(train).splitlines() if line.strip()]
    prefixes, targets = [], []
    for number, line in enumerate(read_text(test).splitlines(), 1):
        prefix, _tab, target = (part.strip() for part in line.partition("\t"))
        if line.strip() and (not prefix or len(target.split()) != 1):
            raise UnreadableFile(f"{test.name}: line {number} is not a prefix (items by spaces), tab, one target")
        if line.strip():
            prefixes.append(prefix.split())
            targets.append(target)
    _require(train, sessions, "session to learn from")
    _require(test, targets, "prefix to ask for")
    row = _numbering({item for part in (*sessions, *prefixes, targets) for item in part})
    products = Products.of(list(row))
    dataset = from_sessions([[row[item] for item in session] for session in sessions], products)
    rows = [np.array([row[item] for item in prefix], np.int32) for prefix in prefixes]
    return SessionFiles(dataset, rows, np.array([row[item] for item in targets], np.int32))


def read_text(path: Path) -> str:
    """What is in a file, gzipped or not.

    Raises:
        UnreadableFile: it was cut off, or is not UTF-8.
    """
    content = path.read_bytes()
    try:
        return (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"{path.name} cannot be unpacked: {error}") from None
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path.name} is not UTF-8 text: {error}") from None


def _require(path: Path, found: Sequence[Any], what: str) -> None:
    if not len(found):
        raise UnreadableFile(f"{path.name} holds no {what}")


def as_rows(*, person: Any, product: Any, at_ms: Any, visitors: bool, **columns: Any) -> Any:
    """Lines of a file as rows of the shop's tables (:data:`recommender.dataset.reading.COLUMNS`): views, if no more is said.

    Args:
        person, product, at_ms: (rows,) who, what, when; the moment of receiving is the same.
        visitors: whether ``person`` names visitors; else shoppers.
        columns: what else is known.
    """
    import pandas as pd

    from recommender.dataset.reading import COLUMNS

    told = {"id": "", "visitor": "", "shopper": "", "agent": "", "kind": Kind.VIEW, "quantity": np.nan, "value": np.nan}
    told |= {
        "visitor" if visitors else "shopper": person,
        "product": product,
        "at": at_ms,
        "received": at_ms,
        **columns,
    }
    rows = pd.DataFrame(told, index=pd.RangeIndex(len(at_ms)))
    return rows[list(COLUMNS)].astype(COLUMNS)


def _read_timestamped(train: Path, test: Path, *, clean: bool) -> SessionFiles:
    import pandas as pd

    past, future = (_table(path) for path in (train, test))
    _require(train, past, "session to learn from")
    row = _numbering(set(pd.concat([past.ItemId, future.ItemId]).unique()))
    at = np.rint(past.Time.to_numpy(np.float64) * 1000).astype(np.int64)
    rows = as_rows(person=past.SessionId.to_numpy(), product=past.ItemId.to_numpy(), at_ms=at, visitors=True)
    touched: dict[str, int] = {}
    if clean:
        from recommender.dataset.cleaning import clean_days

        cleaned = clean_days(rows)
        rows, touched = cleaned.rows, cleaned.touched
    dataset = build(
        Products.of(list(row)),
        actor=pd.factorize(rows.visitor)[0].astype(np.int64),
        shopper=np.full(len(rows), -1, np.int32),
        product=rows["product"].map(row).to_numpy(np.int32),
        kind=rows.kind.to_numpy(np.int8),
        at=rows["at"].to_numpy(np.int64),
        gap_ms=FOREVER_MS,
    )
    prefixes: list[Rows] = []
    targets: list[int] = []
    for _, items in future.sort_values(["SessionId", "Time"], kind="stable").groupby("SessionId").ItemId:
        session = items.map(row).to_numpy(np.int32)
        prefixes += [session[:place] for place in range(1, len(session))]
        targets += session[1:].tolist()
    _require(test, targets, "session of two acts or more to ask for")
    return SessionFiles(dataset, prefixes, np.array(targets, np.int32), touched)


def _table(path: Path) -> Any:
    import pandas as pd

    try:
        table = pd.read_csv(io.StringIO(read_text(path)), sep="\t", dtype={"SessionId": str, "ItemId": str})
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise UnreadableFile(f"{path.name} is no table of SessionId, ItemId, Time with tabs between: {error}") from None
    missing = {"SessionId", "ItemId", "Time"} - set(table.columns)
    if missing:
        raise UnreadableFile(f"{path.name} lacks the columns {', '.join(sorted(missing))}")
    seconds = pd.to_numeric(table.Time, errors="coerce")
    broken = np.flatnonzero(~np.isfinite(seconds) | table.SessionId.isna() | table.ItemId.isna())
    if len(broken):
        raise UnreadableFile(f"{path.name}: line {broken[0] + 2} is not a session, an item and a time in seconds")
    return table.assign(Time=seconds)


def _numbering(ids: set[str]) -> dict[str, int]:
    """Index of each id, in the order of a hash: files number by first appearance, which would tell of the future in ties."""
    ordered = sorted(ids, key=lambda item: blake2b(item.encode(), digest_size=8).digest())
    return {item: row for row, item in enumerate(ordered)}
