"""Session files of public benchmarks, read into the dataset that the shop's own tables are read into.

Two formats. *prefix*: ``train_sessions.txt.gz`` (item ids by spaces, a session a line, oldest first) and
``test_prefix_target.tsv.gz`` (prefix, tab, target). *timestamped*: tables with the columns SessionId, ItemId and Time (seconds),
``train.txt.gz`` or ``train_full.txt.gz``, and ``test.txt.gz``; every position of a test session after the first is asked for.

Published protocols say what is learned from, so files are taken as they are, unless asked otherwise: ``clean`` sends the training
part of timestamped files through the rules that the shop's own events go through. Prefix files have no times to judge by.
"""

from __future__ import annotations

import gzip
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
        ValueError: a file is not in the format, or cannot be cleaned.
    """
    train, test = (_find(folder, names) for names in FILES[form])
    if form == "prefix":
        if clean:
            raise ValueError(f"{train.name} has no times: rules of cleaning cannot judge it")
        return _read_prefix(train, test)
    return _read_timestamped(train, test, clean=clean)


def _find(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise MissingFile(f"{folder} lacks {' or '.join(names)}")


def _read_prefix(train: Path, test: Path) -> SessionFiles:
    sessions = [line.split() for line in _lines(train)]
    asked = [line.rstrip("\n").split("\t") for line in _lines(test)]
    if any(len(parts) != 2 for parts in asked):
        raise ValueError(f"{test.name}: a line is not prefix, tab, target")
    prefixes = [prefix.split() for prefix, _ in asked]
    targets = [target.strip() for _, target in asked]
    row = _numbering({item for part in (*sessions, *prefixes, targets) for item in part})
    products = Products.of(list(row))
    dataset = from_sessions([[row[item] for item in session] for session in sessions], products)
    rows = [np.array([row[item] for item in prefix], np.int32) for prefix in prefixes]
    return SessionFiles(dataset, rows, np.array([row[item] for item in targets], np.int32))


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rt") as file:
        return [line for line in file if line.strip()]


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
    return SessionFiles(dataset, prefixes, np.array(targets, np.int32), touched)


def _table(path: Path) -> Any:
    import pandas as pd

    table = pd.read_csv(path, sep="\t", dtype={"SessionId": str, "ItemId": str})
    missing = {"SessionId", "ItemId", "Time"} - set(table.columns)
    if missing:
        raise ValueError(f"{path.name} lacks the columns {', '.join(sorted(missing))}")
    return table


def _numbering(ids: set[str]) -> dict[str, int]:
    """Index of each id, in the order of a hash: files number by first appearance, which would tell of the future in ties."""
    ordered = sorted(ids, key=lambda item: blake2b(item.encode(), digest_size=8).digest())
    return {item: row for row, item in enumerate(ordered)}
