"""What everybody buys and looks at, recent days first; of a category where one is in view."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.asking import Context, Evidence, Ranking, Rows, best
from recommender.dataset import Dataset
from recommender.dataset.interactions import DAY_MS


class Popular(Algorithm):
    """Exponentially decayed popularity: sum of weights ``2 ** (-age / half_life)``, one a product and session, returns subtracted.

    With a product in view, those of its category count ``category_boost`` times.

    Args:
        half_life_days: age at which an interaction counts half.
        depth: products kept overall.
        category_depth: products kept of each category.
        category_boost: of the category in view.
    """

    name = "popular"
    label = gettext_noop("Popular and trending")

    def __init__(
        self, half_life_days: float = 7.0, depth: int = 500, category_depth: int = 50, category_boost: float = 2.0
    ) -> None:
        self.half_life_days = half_life_days
        self.depth = depth
        self.category_depth = category_depth
        self.category_boost = category_boost

    def _fit(self, dataset: Dataset) -> None:
        if min(self.depth, self.category_depth) < 1 or self.category_boost < 0:
            raise ValueError(f"depth, category_depth or category_boost is out of range: {self.params()}")
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be positive, not {self.half_life_days}")
        scores = self._scores(dataset)
        order = np.argsort(-scores, kind="stable")
        order = order[scores[order] > 0]
        self.top_: Rows = order[: self.depth].astype(np.int32)
        self.score_: NDArray[np.float32] = (scores / max(scores.max(), 1e-9)).astype(np.float32)
        self.category_: NDArray[np.int32] = dataset.products.category.astype(np.int32)
        in_category = order[np.argsort(self.category_[order], kind="stable")]
        count = max(len(dataset.products.categories), 1)
        bounds = np.searchsorted(self.category_[in_category], np.arange(count + 1))
        kept = [in_category[low : min(high, low + self.category_depth)] for low, high in pairwise(bounds)]
        self.in_category_: Rows = np.concatenate([np.zeros(0, np.int32), *kept]).astype(np.int32)
        self.category_start_ = np.concatenate([[0], np.cumsum([len(rows) for rows in kept])]).astype(np.int64)

    def _scores(self, dataset: Dataset) -> NDArray[np.float64]:
        rows, worth = decayed_acts(dataset, self.half_life_days)
        return np.bincount(dataset.product[rows], worth, minlength=len(dataset.products)).astype(np.float64)

    def _rank(self, context: Context, k: int) -> Ranking:
        rows = self.top_
        category = int(self.category_[context.product]) if context.product >= 0 else -1
        if category < 0:
            return Ranking(rows[:k], self.score_[rows[:k]])
        low, high = self.category_start_[category], self.category_start_[category + 1]
        rows = np.unique(np.concatenate([self.in_category_[low:high], rows]))
        boost = np.where(self.category_[rows] == category, self.category_boost, 1.0)
        return best((self.score_[rows] * boost).astype(np.float32), rows, k)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """Popular, if it is among those kept."""
        same = context.product >= 0 and self.category_[product] == self.category_[context.product] >= 0
        if same and self.score_[product] > 0:
            return Evidence("popular_in_category", product)
        return Evidence("popular") if self.score_[product] > 0 else None


def decayed_acts(dataset: Dataset, half_life_days: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows that count, one a product and session, and what each weighs now: ``weight * 2 ** (-age / half_life_days)``."""
    key = dataset.session_of_row.astype(np.int64) * len(dataset.products) + dataset.product
    strength = np.abs(dataset.weight)
    rows = np.concatenate([_strongest(key, strength, piece) for piece in dataset.pieces()] or [np.zeros(0, np.int64)])
    age_days = (dataset.window[1] - dataset.at[rows]) / DAY_MS
    return rows, (dataset.weight[rows] * np.exp2(-age_days / half_life_days)).astype(np.float64)


def _strongest(key: NDArray[np.int64], strength: NDArray[np.float32], piece: slice) -> NDArray[np.int64]:
    """Rows of a piece, one of each key: somebody who reloads a page ten times is one, and the strongest act counts."""
    keys = key[piece]
    order = np.lexsort((-strength[piece], keys))
    first = np.ones(len(order), np.bool_)
    first[1:] = keys[order][1:] != keys[order][:-1]
    strongest: NDArray[np.int64] = order[first] + piece.start
    return strongest
