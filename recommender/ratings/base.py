"""The protocol of raters: ``fit`` learns from ratings, ``predict`` says what a user will give an item."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import NotEnoughData
from recommender.ratings.table import Ratings, Rows, Values


class Rater(ABC):
    """Base of all raters.

    Subclasses set ``name``, ``label`` and ``source``, take parameters by keyword and store them under the same names.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    source: ClassVar[str] = ""

    ratings_: Ratings | None = None

    def params(self) -> dict[str, Any]:
        """Parameters as given, JSON."""
        names = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in names if name not in ("self", "args", "kwargs")}

    def fit(self, ratings: Ratings) -> Self:
        """Learn.

        Raises:
            NotEnoughData: there are no ratings.
            ValueError: a parameter is out of its range, or a rating is no number.
        """
        if not len(ratings):
            raise NotEnoughData(f"{self.name} needs ratings, and there are none")
        if not np.isfinite(ratings.value).all():
            raise ValueError("a rating is not a finite number")
        self.ratings_ = ratings
        self._fit(ratings)
        return self

    def predict(self, user: Rows, item: Rows, at: NDArray[np.int64] | None = None) -> Values:
        """What each user will give each item, within the scale of the ratings learned from.

        Args:
            user, item: (n,) indices of the same numbering; who has no rating in what was learned gets what else is known.
            at: (n,) seconds since the epoch, for raters that mind the time; None: when the last rating learned from was given.

        Raises:
            ValueError: nothing was learned yet, an index is outside of the numbering, or lengths differ.
        """
        learned = self.ratings_
        if learned is None:
            raise ValueError(f"{self.name} has not learned anything yet: call fit first")
        if len(user) != len(item):
            raise ValueError(f"{len(user)} users and {len(item)} items")
        if len(user) and not (user.min() >= 0 and user.max() < learned.users):
            raise ValueError("a user is outside of the numbering learned from")
        if len(item) and not (item.min() >= 0 and item.max() < learned.items):
            raise ValueError("an item is outside of the numbering learned from")
        moment = np.full(len(user), learned.at.max()) if at is None else at
        return np.clip(self._predict(user, item, moment), learned.low, learned.high)

    @abstractmethod
    def _fit(self, ratings: Ratings) -> None: ...

    @abstractmethod
    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values: ...
