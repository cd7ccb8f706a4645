"""The bias model: some items are better, some users kinder."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.ratings.base import Rater
from recommender.ratings.table import Ratings, Rows, Values


class Biases(Rater):
    """``r(u, i) = mu + b(u) + b(i)``, ridge by alternating least squares.

    Args:
        user_shrink, item_shrink: ratings of bias 0 that everybody and everything has besides its own.
        rounds: alternations; 10 change the fourth digit no more.
    """

    name = "biases"
    label = gettext_noop("Biases of users and items")
    source = "Koren, Factor in the neighbors, ACM TKDD 4 (2010), section 2.1"

    def __init__(self, user_shrink: float = 5.0, item_shrink: float = 3.0, rounds: int = 15) -> None:
        self.user_shrink = user_shrink
        self.item_shrink = item_shrink
        self.rounds = rounds

    def _fit(self, ratings: Ratings) -> None:
        if self.user_shrink <= 0 or self.item_shrink <= 0 or self.rounds < 1:
            raise ValueError(f"user_shrink, item_shrink or rounds is out of range: {self.params()}")
        self.mean_ = float(ratings.value.mean())
        self.user_, self.item_ = np.zeros(ratings.users), np.zeros(ratings.items)
        users, items = ratings.counts()
        for _ in range(self.rounds):
            rest = ratings.value - self.mean_ - self.user_[ratings.user]
            self.item_ = np.bincount(ratings.item, rest, minlength=ratings.items) / (items + self.item_shrink)
            rest = ratings.value - self.mean_ - self.item_[ratings.item]
            self.user_ = np.bincount(ratings.user, rest, minlength=ratings.users) / (users + self.user_shrink)

    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        values: Values = self.mean_ + self.user_[user] + self.item_[item]
        return values
