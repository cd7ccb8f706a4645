"""Ratings from the ratings of neighbours: what user-kNN and item-kNN share, one being the other on its side.

Herlocker et al., "An algorithmic framework for performing collaborative filtering", SIGIR 1999; Sarwar et al., "Item-based
collaborative filtering recommendation algorithms", WWW 2001; Koren, "Factor in the neighbors", ACM TKDD 4 (2010).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from recommender.ratings.base import Rater
from recommender.ratings.biases import Biases
from recommender.ratings.likeness import LIKENESS, Marks, shrunk
from recommender.ratings.table import Ratings, Rows, Values

BLOCK = 512
MEANS = ("baseline", "mean_centred", "weighted", "sum")


@numba.njit(cache=True, nogil=True)
def _nearest_first(likeness: Values, others: Rows, k: int) -> tuple[NDArray[np.int64], int]:
    """Places in ``others`` of the ``k`` most alike with positive likeness, and how many they are; of equals the first."""
    chosen = np.empty(k, np.int64)
    count = 0
    for place in range(len(others)):
        like = likeness[others[place]]
        if like <= 0.0 or (count == k and like <= likeness[others[chosen[count - 1]]]):
            continue
        at = count if count < k else k - 1
        count = min(count + 1, k)
        while at > 0 and likeness[others[chosen[at - 1]]] < like:
            chosen[at] = chosen[at - 1]
            at -= 1
        chosen[at] = place
    return chosen, count


@numba.njit(cache=True, nogil=True)
def _sums(
    likeness: Values, row: Rows, column: Rows, start: Rows, others: Rows, rests: Values, k: int
) -> tuple[Values, Values]:
    """For each question: sum of likeness times rest over its neighbours, and sum of likeness.

    Args:
        likeness: (block, rows) of the block's rows to all.
        row: (n,) row of the block that each question is about; ``column``: (n,) what it asks of.
        start, others, rests: columns of the matrix (CSC): who rated it, and what is taken from each.
    """
    above, below = np.zeros(len(row)), np.zeros(len(row))
    for n in range(len(row)):
        low, high = start[column[n]], start[column[n] + 1]
        mine = likeness[row[n]]
        chosen, count = _nearest_first(mine, others[low:high], k)
        for place in chosen[:count]:
            like = mine[others[low + place]]
            above[n] += like * rests[low + place]
            below[n] += like
    return above, below


class Neighbourhood(Rater):
    """``r(u, i) = base(u, i) + sum(s * (r - base)) / (sum(s) + damp)`` over the ``k`` most alike that have a rating.

    Args:
        k: neighbours asked.
        likeness: cosine, adjusted_cosine, pearson, pearson_baseline, or dot_capped, which is the article's ``x / max(x, 1)``.
        shrink: common ratings that are added below a likeness.
        mean: what is averaged: rests over the bias model (``baseline``), over each neighbour's mean (``mean_centred``), bare
            ratings (``weighted``); ``sum`` is the article's, bare ratings summed and not divided, and no rating at all.
        damp: likeness of a neighbour without an opinion, that is added below: few neighbours move little.
    """

    def __init__(
        self,
        k: int = 40,
        likeness: str = "pearson_baseline",
        shrink: float = 50.0,
        mean: str = "baseline",
        damp: float = 0.0,
    ) -> None:
        self.k = k
        self.likeness = likeness
        self.shrink = shrink
        self.mean = mean
        self.damp = damp

    @abstractmethod
    def _side(self, user: Any, item: Any) -> tuple[Any, Any]:
        """What is compared, and what it is asked of."""

    def _fit(self, ratings: Ratings) -> None:
        if self.k < 1 or self.shrink < 0 or self.damp < 0:
            raise ValueError(f"k, shrink or damp is out of range: {self.params()}")
        if self.likeness not in LIKENESS or self.mean not in MEANS:
            known = f"likeness is one of {', '.join(LIKENESS)}; mean one of {', '.join(MEANS)}"
            raise ValueError(f"{known}: not {self.likeness!r} and {self.mean!r}")
        row, column = self._side(ratings.user, ratings.item)
        rows, columns = self._side(ratings.users, ratings.items)
        self.biases_ = Biases().fit(ratings)
        taken = LIKENESS[self.likeness][1]
        self.marks_ = Marks.of(matrix_of(row, column, self._left(ratings, taken, column, columns), (rows, columns)))
        self.means_ = means_of(row, ratings.value, rows)
        rests = self._rests(ratings, row)
        turned = matrix_of(column, row, rests, (columns, rows))
        self.start_, self.raters_, self.rests_ = turned.indptr.astype(np.int32), turned.indices, turned.data

    def _left(self, ratings: Ratings, taken: str, column: Rows, columns: int) -> Values:
        if taken == "baseline":
            return ratings.value - self._baseline(ratings.user, ratings.item)
        if taken == "other":
            return ratings.value - means_of(column, ratings.value, columns)[column]
        return ratings.value

    def _rests(self, ratings: Ratings, row: Rows) -> Values:
        if self.mean == "baseline":
            return ratings.value - self._baseline(ratings.user, ratings.item)
        if self.mean == "mean_centred":
            return ratings.value - self.means_[row]
        return ratings.value

    def _baseline(self, user: Rows, item: Rows) -> Values:
        return self.biases_._predict(user, item, np.zeros(len(user), np.int64))

    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        row, column = self._side(user, item)
        above, below = self.votes(row, column)
        if self.mean == "sum":
            return above
        base = {"baseline": self._baseline(user, item), "mean_centred": self.means_[row]}.get(
            self.mean, np.zeros(len(row))
        )
        told = below > 0
        moved = base + np.divide(above, below + self.damp, out=np.zeros(len(row)), where=told)
        # Nobody alike has rated it: the bias model knows as much as there is.
        return np.where(told, moved, self._baseline(user, item))

    def _alike(self, rows: slice) -> Values:
        """(block, rows) likeness of a block to all."""
        return shrunk(self.marks_, rows, LIKENESS[self.likeness][0](self.marks_, rows), self.shrink)

    def votes(self, row: Rows, column: Rows) -> tuple[Values, Values]:
        """(n,) sums of likeness times rest and of likeness, over the neighbours of each question."""
        above, below = np.zeros(len(row)), np.zeros(len(row))
        for low in range(0, self.marks_.values.shape[0], BLOCK):
            asked = np.flatnonzero((row >= low) & (row < low + BLOCK))
            if not len(asked):
                continue
            rows = slice(low, low + BLOCK)
            alike = self._alike(rows)
            own = np.arange(alike.shape[0])
            alike[own, low + own] = 0.0  # nobody is asked about himself
            above[asked], below[asked] = _sums(
                alike, row[asked] - low, column[asked], self.start_, self.raters_, self.rests_, self.k
            )
        return above, below


def matrix_of(row: Rows, column: Rows, values: Values, shape: tuple[int, int]) -> Any:
    """CSR with sorted columns."""
    from scipy.sparse import csr_matrix

    matrix = csr_matrix((values, (row, column)), shape=shape)
    matrix.sort_indices()
    return matrix


def means_of(row: Rows, values: Values, rows: int) -> Values:
    """(rows,) mean of each row; the mean of all where it has none."""
    sums, counts = np.bincount(row, values, minlength=rows), np.bincount(row, minlength=rows)
    means: Values = np.divide(sums, counts, out=np.full(rows, float(values.mean())), where=counts > 0)
    return means
