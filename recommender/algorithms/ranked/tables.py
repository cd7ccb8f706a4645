"""What followed what: tables of product to products, counted over sessions and kept to the strongest of each product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.neighbours import nearest
from recommender.algorithms.prefixes import mixed_moments
from recommender.asking import Rows
from recommender.dataset import Dataset
from recommender.dataset.ordering import distinct

Floats = NDArray[np.float32]

WIDTH = 150
# Steps back that still count, each one over its distance.
WINDOW = 8
# Added to the product of norms: a single common session is weak evidence.
SHRINK = 3.0
# Shares of the index after which a session counts 1/e.
LONG, SHORT = 1.0, 0.15


class Table(NamedTuple):
    """Rows ``start[a]:start[a + 1]`` are the products that go with ``a``, the strongest first."""

    start: NDArray[np.int64]
    other: Rows
    weight: Floats


class Bigrams(NamedTuple):
    """What followed two products in a row: ``key`` (sorted) is first times products plus second."""

    key: NDArray[np.int64]
    start: NDArray[np.int64]
    other: Rows
    weight: Floats


class Tables(NamedTuple):
    """All of them.

    Attributes:
        next: what came directly after, sessions weighted by ``exp(-age share)``; ``lately``: by a much shorter memory.
        skip: what came within eight steps, one over the distance.
        second: what came two steps after.
        together: cosine over sessions, shrunk.
        bigrams: what came directly after two.
    """

    next: Table
    lately: Table
    skip: Table
    second: Table
    together: Table
    bigrams: Bigrams


@dataclass(frozen=True)
class Trails:
    """Sessions as rows of products, oldest first; what happened in one moment in no particular order.

    Attributes:
        ordered: whether later sessions are newer; if not, all are as recent as any.
    """

    start: NDArray[np.int64]
    items: Rows
    products: int
    ordered: bool = True

    @property
    def sessions(self) -> int:
        """How many there are."""
        return len(self.start) - 1

    @property
    def session(self) -> NDArray[np.int64]:
        """(rows,) session of each row."""
        return np.repeat(np.arange(self.sessions), np.diff(self.start))

    def recency(self, memory: float) -> NDArray[np.float64]:
        """(rows,) ``exp(-age / memory)``; age as a share of all sessions, 0 where they have no order."""
        if not self.ordered:
            return np.ones(len(self.items))
        count = max(self.sessions, 1)
        weights: NDArray[np.float64] = np.exp((self.session - count) / count / memory)
        return weights


def build_tables(trails: Trails) -> Tables:
    """Count everything."""
    return Tables(
        steps_of(trails, LONG, 1, lambda step: 1.0),
        steps_of(trails, SHORT, 1, lambda step: 1.0),
        steps_of(trails, LONG, WINDOW, lambda step: 1.0 / step),
        steps_of(trails, np.inf, 2, lambda step: float(step == 2)),
        cosine_of(trails),
        bigrams_of(trails),
    )


def trails_of(dataset: Dataset, seed: int, *, ordered: bool = True) -> Trails:
    """Sessions with anything that counts for a product; ``seed``: of the order within one moment."""
    order, session_of_row = mixed_moments(dataset, seed)
    lengths = np.bincount(session_of_row, minlength=dataset.sessions)
    start = np.concatenate([[0], np.cumsum(lengths[lengths > 0])]).astype(np.int64)
    return Trails(start, dataset.product[order].astype(np.int32), len(dataset.products), ordered)


def steps_of(trails: Trails, memory: float, farthest: int, worth: Callable[[int], float], width: int = WIDTH) -> Table:
    """What came up to ``farthest`` steps after each product: the sum of ``exp(-age / memory) * worth(steps)``."""
    from scipy.sparse import coo_matrix, csr_matrix

    shape = (trails.products, trails.products)
    session, recency = trails.session, trails.recency(memory)
    total = csr_matrix(shape)
    for step in range(1, farthest + 1):
        if not worth(step):
            continue
        same = session[:-step] == session[step:]
        pairs = (trails.items[:-step][same], trails.items[step:][same])
        total = total + coo_matrix((recency[:-step][same] * worth(step), pairs), shape).tocsr()
    return strongest(total, width)


def cosine_of(trails: Trails, width: int = WIDTH) -> Table:
    """``common sessions / (sqrt(sessions of a * sessions of b) + SHRINK)``."""
    from scipy.sparse import csr_matrix

    session, item = distinct(trails.session, trails.items)
    held = csr_matrix((np.ones(len(item), np.float32), (session, item)), (trails.sessions, trails.products))
    count = np.maximum(np.bincount(item, minlength=trails.products), 1)
    common = (held.T @ held).tocsr()
    row = np.repeat(np.arange(trails.products), np.diff(common.indptr))
    common.data = common.data / (np.sqrt(count[row] * count[common.indices]) + SHRINK)
    common.data[row == common.indices] = 0.0
    return strongest(common, width)


def strongest(matrix: Any, width: int = WIDTH) -> Table:
    """The ``width`` largest positive entries of each row of a sparse matrix; ties by index."""
    matrix = matrix.tocsr()
    matrix.sum_duplicates()
    near, like = nearest(matrix, min(width, matrix.shape[1]), own=True)
    there = near >= 0
    start = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int64)
    return Table(start, near[there], like[there])


def bigrams_of(trails: Trails, memory: float = LONG) -> Bigrams:
    """What came directly after each two products in a row, recency added up."""
    same = trails.session[:-2] == trails.session[2:]
    first, second, third = (trails.items[step : len(trails.items) - 2 + step][same] for step in range(3))
    pair = first.astype(np.int64) * trails.products + second
    order = np.lexsort((third, pair))
    pair, third, weight = pair[order], third[order], trails.recency(memory)[:-2][same][order]
    new = np.ones(len(pair), np.bool_)
    new[1:] = (pair[1:] != pair[:-1]) | (third[1:] != third[:-1])
    total = np.add.reduceat(weight, np.flatnonzero(new)) if len(pair) else weight
    key, first_of = np.unique(pair[new], return_index=True)
    start = np.concatenate([first_of, [int(new.sum())]]).astype(np.int64)
    return Bigrams(key, start, third[new].astype(np.int32), total.astype(np.float32))
