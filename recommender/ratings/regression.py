"""Ratings by a regressor of scikit-learn on one set of features: what the five of them share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import NotEnoughData
from recommender.ratings.base import Rater
from recommender.ratings.features import Features, Known
from recommender.ratings.table import Ratings, Rows, Values

# A tenth kept aside has two, and half of them is a tree.
LEAST = 20


class Regression(Rater):
    """``r(u, i) = f(features of u, i and the moment)``.

    Args:
        known: what a training row is described by, see :class:`recommender.ratings.features.Features`.
        seed: of what is random.
    """

    def __init__(self, known: Known = "before", seed: int = 0) -> None:
        self.known = known
        self.seed = seed

    @abstractmethod
    def _estimator(self) -> Any:
        """A regressor that has learned nothing."""

    def _fit(self, ratings: Ratings) -> None:
        if len(ratings) < LEAST:
            raise NotEnoughData(f"{self.name} needs {LEAST} ratings to learn from, and there are {len(ratings)}")
        self.features_ = Features(self.known)
        described = self.features_.fit_transform(ratings)
        import warnings

        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            # A network that stops at its last round has learned enough.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.estimator_ = self._estimator().fit(described, ratings.value)

    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        if not len(user):
            return np.zeros(0)
        import warnings

        with warnings.catch_warnings():
            # LightGBM names its columns and then misses the names.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            predicted = self.estimator_.predict(self.features_.transform(user, item, at))
        return np.asarray(predicted, np.float64)
