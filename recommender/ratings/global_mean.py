"""The mean of all ratings: what has to be beaten."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.ratings.base import Rater
from recommender.ratings.table import Ratings, Rows, Values


class GlobalMean(Rater):
    """``r(u, i) = mu`` for everybody and everything."""

    name = "global_mean"
    label = gettext_noop("Global mean")

    def _fit(self, ratings: Ratings) -> None:
        self.mean_ = float(ratings.value.mean())

    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        return np.full(len(user), self.mean_)
