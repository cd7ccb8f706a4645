"""Products that are bought and looked at together (item-based nearest neighbours).

Deshpande & Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 22 (2004); shrinkage as Bell & Koren (2007);
adjusted cosine as Sarwar et al. (WWW 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.evidence import weighed
from recommender.asking import NOTHING, Context, Evidence, Ranking, Rows
from recommender.dataset import Dataset, Kind

BLOCK = 2_000
SIMILARITIES = ("cosine", "adjusted_cosine", "pearson")


@dataclass(frozen=True)
class Means:
    """What centring takes off the dot product of columns ``a`` and ``b``, without making the matrix dense.

    ``sum_s (x_sa - m_a)(x_sb - m_b) = x_a . x_b - scale sums_a sums_b`` with means of columns, and
    ``sum_s (x_sa - m_s)(x_sb - m_s) = x_a . x_b - part_a - part_b + all`` with means ``m_s`` of rows.
    """

    scale: float = 0.0
    sums: NDArray[np.float64] | None = None
    part: NDArray[np.float64] | None = None
    all: float = 0.0

    def off(self, dots: NDArray[Any], one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
        """Centred dot products of columns ``one`` and ``other``."""
        centred: NDArray[np.float64] = dots.astype(np.float64)
        if self.sums is not None:
            centred -= self.scale * self.sums[one] * self.sums[other]
        if self.part is not None:
            centred += self.all - self.part[one] - self.part[other]
        return centred

    def norms(self, squares: NDArray[Any]) -> NDArray[np.float64]:
        """Lengths of the centred columns."""
        every = np.arange(len(squares))
        lengths: NDArray[np.float64] = np.sqrt(np.maximum(self.off(squares, every, every), 1e-12))
        return lengths


class ItemKNN(Algorithm):
    """Cosine of products over sessions with shrinkage: ``dot(a, b) / (|a| |b| + shrink)``.

    With ``pearson`` each product's mean over all sessions is taken off before, with ``adjusted_cosine`` each session's mean over
    all products; what was not done is 0, and products that no session holds together are never alike.

    A session counts each product once, by the strongest act; sessions count for less the longer and the older they are. What a
    shopper did counts ``decay ** age`` in steps back from the last act.

    Args:
        width: neighbours kept of each product.
        shrink: sessions that are added below: few common sessions are weak evidence.
        decay: what a step back in the session leaves.
        half_life_days: age at which a session counts half.
        history_weight: of purchases before the session, against an act in it.
        similarity: ``cosine``, ``adjusted_cosine`` or ``pearson``.
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
        similarity: str = "cosine",
    ) -> None:
        self.width = width
        self.shrink = shrink
        self.decay = decay
        self.half_life_days = half_life_days
        self.history_weight = history_weight
        self.similarity = similarity

    def _fit(self, dataset: Dataset) -> None:
        if self.width < 1 or self.shrink < 0 or not 0 < self.decay <= 1 or not self.half_life_days > 0:
            raise ValueError(f"width, shrink, decay or half_life_days is out of range: {self.params()}")
        if self.history_weight < 0:
            raise ValueError(f"history_weight must not be negative, not {self.history_weight}")
        if self.similarity not in SIMILARITIES:
            raise ValueError(f"similarity must be one of {', '.join(SIMILARITIES)}, not {self.similarity!r}")
        from recommender.algorithms.neighbours import nearest

        matrix, plain = self._matrices(dataset)
        across, plain_across = matrix.T.tocsr(), plain.T.tocsr()
        means = self._means(matrix)
        norms = means.norms(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
        self.sessions_ = np.asarray(plain.sum(axis=0)).ravel().astype(np.int32)
        width = min(self.width, max(len(dataset.products) - 1, 1))
        near = np.full((len(dataset.products), width), -1, np.int32)
        like = np.zeros((len(dataset.products), width), np.float32)
        together = np.zeros((len(dataset.products), width), np.int32)
        for low in range(0, len(dataset.products), BLOCK):
            block = slice(low, min(low + BLOCK, len(dataset.products)))
            dots = across[block] @ matrix
            self._to_likeness(dots, norms, means, low)
            near[block], like[block] = nearest(dots, width, low)
            counts = plain_across[block] @ plain
            _look_up(counts, near[block], together[block])
        self.near_, self.like_, self.together_ = near, like, together

    def _matrices(self, dataset: Dataset) -> tuple[Any, Any]:
        """Sessions times products: weighted, and ones where it was bought."""
        matrix = _held(dataset, dataset.weight > 0)
        length = np.diff(matrix.indptr)
        age_days = (dataset.window[1] - dataset.session_ended) / 86_400_000
        worth = np.exp2(-age_days / self.half_life_days / 2) / np.sqrt(np.log2(1.0 + np.maximum(length, 1)))
        matrix.data = np.repeat(worth.astype(np.float32), length)
        # What is said to be bought together was bought, not looked at.
        return matrix, _held(dataset, dataset.kind == Kind.PURCHASE)

    def _means(self, matrix: Any) -> Means:
        """What is taken off the dot products of columns of a sessions times products matrix."""
        sessions, products = matrix.shape
        if self.similarity == "pearson":
            sums = np.asarray(matrix.sum(axis=0), np.float64).ravel()
            return Means(scale=1.0 / max(sessions, 1), sums=sums)
        if self.similarity == "adjusted_cosine":
            of_session = np.asarray(matrix.sum(axis=1), np.float64).ravel() / max(products, 1)
            return Means(part=matrix.T @ of_session, all=float(of_session @ of_session))
        return Means()

    def _to_likeness(self, dots: Any, norms: NDArray[np.float64], means: Means, low: int) -> None:
        """Take means off and divide, in place; ``dots`` holds the rows from ``low`` on."""
        row = np.repeat(np.arange(dots.shape[0]), np.diff(dots.indptr)) + low
        centred = means.off(dots.data, row, dots.indices)
        dots.data = (centred / (norms[row] * norms[dots.indices] + self.shrink)).astype(np.float32)

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


def _held(dataset: Dataset, rows: NDArray[np.bool_]) -> Any:
    """Sessions times products, float32 CSR: one where any of ``rows`` is of that session and product."""
    from scipy.sparse import csr_matrix

    until = np.concatenate([[0], np.cumsum(rows)])[dataset.session_start]
    ones = np.ones(int(until[-1]), np.float32)
    matrix = csr_matrix((ones, dataset.product[rows], until), (dataset.sessions, len(dataset.products)))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


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
