"""The mean rating of the item, drawn to the mean of all where it has few."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.ratings.base import Rater
from recommender.ratings.table import Ratings, Rows, Values


class ItemMean(Rater):
    """``r(u, i) = (sum of i's ratings + shrink * mu) / (count of i + shrink)``.

    Args:
        shrink: ratings of the mean of all that every item has besides its own.
    """

    name = "item_mean"
    label = gettext_noop("Item mean")

    def __init__(self, shrink: float = 5.0) -> None:
        self.shrink = shrink

    def _fit(self, ratings: Ratings) -> None:
        if self.shrink <= 0:
            raise ValueError(f"shrink must be positive, not {self.shrink}")
        mean = float(ratings.value.mean())
        sums = np.bincount(ratings.item, ratings.value, minlength=ratings.items)
        counts = ratings.counts()[1]
        self.means_ = (sums + self.shrink * mean) / (counts + self.shrink)

    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        values: Values = self.means_[item]
        return values
