"""What accuracy does not say: how much of the catalogue is shown, how evenly, how unexpected, how varied, how like the shopper.

Sources: Gini as in Gunawardana & Shani (2015); novelty as mean self-information, Zhou et al. (2010); intra-list diversity with the
taxonomy of Ziegler et al. (2005); calibration as the divergence of Steck (2018), ``alpha`` 0.01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.asking import Rows
from recommender.dataset import Dataset

ALPHA = 0.01
SEPARATOR = "/"


@dataclass(frozen=True)
class Background:
    """What was known of the products before the questions were asked.

    Attributes:
        popularity: (products,) interactions with each.
        category: (products,) index into ``paths``, -1 unknown.
        paths: category paths, levels joined by ``/``.
    """

    popularity: NDArray[np.int64]
    category: NDArray[np.int32]
    paths: Sequence[str]
    levels: Rows = field(init=False)
    department: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """The taxonomy as numbers, once."""
        levels = _numbered(self.paths)
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "department", levels[self.category, 0].astype(np.int64))

    @classmethod
    def of(cls, dataset: Dataset) -> Background:
        """From what happened before the questions."""
        products = dataset.products
        popularity = np.bincount(dataset.product, minlength=len(products)).astype(np.int64)
        return cls(popularity, products.category, products.categories)

    @property
    def products(self) -> int:
        """How many products there are."""
        return len(self.popularity)


def _levels(path: str) -> list[str]:
    parts = path.strip(SEPARATOR).split(SEPARATOR)
    return [SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts))]


def _numbered(paths: Sequence[str]) -> Rows:
    """(paths + 1, depth) the node at each level of a category, -1 below it; the last row is of the unknown category."""
    nodes: dict[str, int] = {}
    rows = [[nodes.setdefault(level, len(nodes)) for level in _levels(path)] for path in paths]
    numbered = np.full((len(paths) + 1, max(map(len, rows), default=1)), -1, np.int32)
    for row, held in enumerate(rows):
        numbered[row, : len(held)] = held
    return numbered


def table_of(rankings: Sequence[Rows], deepest: int) -> Rows:
    """(questions, deepest) the rankings in one table; -1 where a ranking is shorter."""
    table = np.full((len(rankings), deepest), -1, np.int32)
    for row, ranking in enumerate(rankings):
        table[row, : min(len(ranking), deepest)] = ranking[:deepest]
    return table


def exposures(table: Rows, products: int, k: int) -> NDArray[np.int64]:
    """(products,) how often each is among the first ``k``."""
    shown = table[:, :k].ravel()
    return np.bincount(shown[shown >= 0], minlength=products).astype(np.int64)


def coverage(counts: NDArray[np.int64]) -> float:
    """Share of the products that are shown at all."""
    return float((counts > 0).mean()) if len(counts) else 0.0


def gini(counts: NDArray[np.int64]) -> float:
    """0 where all products are shown alike, towards 1 where one has everything; 0 where nothing is shown."""
    n, total = len(counts), counts.sum()
    if n < 2 or not total:
        return 0.0
    places = 2 * np.arange(1, n + 1) - n - 1
    return float((places * np.sort(counts)).sum() / ((n - 1) * total))


def novelty(table: Rows, background: Background, k: int) -> NDArray[np.float64]:
    """(questions,) mean of ``-log2 p`` of the first ``k``, bits; p is a product's share of the interactions, each with one more.

    nan where nothing is shown.
    """
    popularity = background.popularity
    bits = -np.log2((popularity + 1) / (popularity.sum() + len(popularity)))
    return _mean_of(np.append(bits, np.nan)[table[:, :k]])


def diversity(table: Rows, background: Background, k: int) -> NDArray[np.float64]:
    """(questions,) mean over pairs of the first ``k`` of one minus the cosine of their categories with all levels above.

    A category as a vector has one for itself and each level above. An unknown one is like no other. nan under two products.
    """
    first = table[:, :k]
    shown = (first >= 0).sum(axis=1)
    levels = background.levels[np.append(background.category, -1)[first]]
    depth = (levels >= 0).sum(axis=2)
    common = ((levels[:, :, None] == levels[:, None]) & (levels[:, :, None] >= 0)).sum(axis=3)
    cosine = common / np.sqrt(np.maximum(depth[:, :, None] * depth[:, None], 1))
    alike = cosine.sum(axis=(1, 2)) - (depth > 0).sum(axis=1)
    pairs = shown * (shown - 1)
    found: NDArray[np.float64] = np.divide(pairs - alike, pairs, out=np.full(len(table), np.nan), where=pairs > 0)
    return found


def miscalibration(table: Rows, pasts: Sequence[Rows], background: Background, k: int) -> NDArray[np.float64]:
    """(questions,) Kullback-Leibler divergence, nats, of the departments shown from those of the shopper's past: 0 is calibrated.

    nan where nothing is known of the past, or nothing is shown.
    """
    found = np.full(len(table), np.nan)
    width = int(background.levels[:, 0].max(initial=-1)) + 1
    for row, (shown, past) in enumerate(zip(table[:, :k], pasts, strict=True)):
        before, now = (_shares(background.department[rows], width) for rows in (past, shown[shown >= 0]))
        if before is not None and now is not None:
            mixed = (1 - ALPHA) * now + ALPHA * before
            held = before > 0
            found[row] = float((before[held] * np.log(before[held] / mixed[held])).sum())
    return found


def _shares(departments: NDArray[np.int64], width: int) -> NDArray[np.float64] | None:
    counts = np.bincount(departments[departments >= 0], minlength=width)
    return counts / counts.sum() if counts.sum() else None


def _mean_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    found: NDArray[np.float64] = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return found
