"""Products that are bought and looked at together (item-based nearest neighbours).

Deshpande & Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 22 (2004); shrinkage as Bell & Koren (2007).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import NOTHING, Algorithm, Context, Evidence, Ranking, Rows
from recommender.algorithms.evidence import weighed
from recommender.dataset import Dataset, Kind

BLOCK = 2_000


class ItemKNN(Algorithm):
    """Cosine of products over sessions with shrinkage: ``dot(a, b) / (|a| |b| + shrink)``.

    A session counts each product once, by the strongest act; sessions count for less the longer and the older they are. What a
    shopper did counts ``decay ** age`` in steps back from the last act.

    Args:
        width: neighbours kept of each product.
        shrink: sessions that are added below: few common sessions are weak evidence.
        decay: what a step back in the session leaves.
        half_life_days: age at which a session counts half.
        history_weight: of purchases before the session, against an act in it.
    """

    name = "item_knn"
    label = gettext_noop("Bought together")

    def __init__(
        self,
        width: int = 100,
        shrink: float = 10.0,
        decay: float = 0.8,
        half_life_days: float = 180.0,
        history_weight: float = 0.1,
    ) -> None:
        self.width = width
        self.shrink = shrink
        self.decay = decay
        self.half_life_days = half_life_days
        self.history_weight = history_weight

    def _fit(self, dataset: Dataset) -> None:
        if self.width < 1 or self.shrink < 0 or not 0 < self.decay <= 1 or not self.half_life_days > 0:
            raise ValueError(f"width, shrink, decay or half_life_days is out of range: {self.params()}")
        from recommender.algorithms.neighbours import nearest

        matrix, plain = self._matrices(dataset)
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
        self.sessions_ = np.asarray(plain.sum(axis=0)).ravel().astype(np.int32)
        width = min(self.width, max(len(dataset.products) - 1, 1))
        near = np.full((len(dataset.products), width), -1, np.int32)
        like = np.zeros((len(dataset.products), width), np.float32)
        together = np.zeros((len(dataset.products), width), np.int32)
        for low in range(0, len(dataset.products), BLOCK):
            block = slice(low, min(low + BLOCK, len(dataset.products)))
            dots = (matrix[:, block].T @ matrix).tocsr()
            self._to_cosine(dots, norms, low)
            near[block], like[block] = nearest(dots, width, low)
            counts = (plain[:, block].T @ plain).tocsr()
            _look_up(counts, near[block], together[block])
        self.near_, self.like_, self.together_ = near, like, together

    def _matrices(self, dataset: Dataset) -> tuple[Any, Any]:
        """Sessions times products: weighted, and ones where it was bought."""
        from scipy.sparse import csr_matrix

        positive = dataset.weight > 0
        rows, columns = _distinct(dataset, positive)
        shape = (dataset.sessions, len(dataset.products))
        length = np.bincount(rows, minlength=dataset.sessions)
        age_days = (dataset.window[1] - dataset.session_ended) / 86_400_000
        worth = np.exp2(-age_days / self.half_life_days / 2) / np.sqrt(np.log2(1.0 + np.maximum(length, 1)))
        # What is said to be bought together was bought, not looked at.
        buyers, bought = _distinct(dataset, dataset.kind == Kind.PURCHASE)
        plain = csr_matrix((np.ones(len(buyers), np.float32), (buyers, bought)), shape)
        return csr_matrix((worth[rows].astype(np.float32), (rows, columns)), shape), plain

    def _to_cosine(self, dots: Any, norms: NDArray[np.float64], low: int) -> None:
        """Divide in place; ``dots`` holds the rows from ``low`` on."""
        row = np.repeat(np.arange(dots.shape[0]), np.diff(dots.indptr)) + low
        dots.data /= (norms[row] * norms[dots.indices] + self.shrink).astype(np.float32)

    def _rank(self, context: Context, k: int) -> Ranking:
        items, weights = weighed(context, self.decay, self.history_weight)
        if not len(items):
            return NOTHING
        from recommender.algorithms.neighbours import add_up

        return add_up(items, weights, self.near_, self.like_, k)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """The act that most often goes with ``product``, and by what share of sessions."""
        from recommender.algorithms.neighbours import strongest

        latest_first = context.evidence[::-1][:20].copy()
        because, share = strongest(latest_first, product, self.near_, self.together_, self.sessions_)
        return Evidence("together", int(because), float(share)) if because >= 0 else None


def _distinct(dataset: Dataset, rows: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Session and product of each distinct pair among ``rows``."""
    width = max(len(dataset.products), 1)
    key = np.unique(dataset.session_of_row[rows].astype(np.int64) * width + dataset.product[rows])
    return (key // width).astype(np.int32), (key % width).astype(np.int32)


def _look_up(counts: Any, near: Rows, together: NDArray[np.int32]) -> None:
    """Write into ``together`` the entries of a CSR matrix at the columns ``near`` of each row."""
    counts.sort_indices()
    for row in range(counts.shape[0]):
        low, high = counts.indptr[row], counts.indptr[row + 1]
        there = near[row] >= 0
        held, wanted = counts.indices[low:high], near[row][there]
        at = np.minimum(np.searchsorted(held, wanted), max(high - low - 1, 0))
        if high > low:
            together[row, : len(wanted)] = np.where(held[at] == wanted, counts.data[low:high][at], 0)
