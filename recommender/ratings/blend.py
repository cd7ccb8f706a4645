"""A weighted sum of other raters, weighed by how they do on ratings that they have not seen (stacking).

Breiman, "Stacked regressions", Machine Learning 24 (1996): the weights are non-negative least squares of the ratings on predictions
for ratings left out of learning; nothing but the training part is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.ratings import RATERS
from recommender.ratings.base import Rater
from recommender.ratings.features import Known
from recommender.ratings.regression import Regression
from recommender.ratings.splitting import in_folds, in_time
from recommender.ratings.table import Ratings, Rows, Values

MEMBERS = ("biases", "user_knn", "item_knn", "svdpp", "bayesian_factors", "boosting")


class Blend(Rater):
    """``r(u, i) = mu + sum of w (member - mu)``, ``w >= 0``.

    Args:
        members: names of the raters.
        known: what a question stands in: ``before``: everything known is earlier, and the weights are those of the last fifth of
            the training part in time; ``others``: random folds, and the weights are those of folds of the training part.
        folds: of the training part, where ``known`` is ``others``.
        ridge: ratings of the weights ``1 / members`` that are added, so that members alike share.
        seed: of the folds.
    """

    name = "blend"
    label = gettext_noop("Blend of models")
    source = "Breiman, Stacked regressions, Machine Learning 24 (1996)"

    def __init__(
        self,
        members: Sequence[str] = MEMBERS,
        known: Known = "before",
        folds: int = 4,
        ridge: float = 5.0,
        seed: int = 1,
    ) -> None:
        self.members = members
        self.known = known
        self.folds = folds
        self.ridge = ridge
        self.seed = seed

    def _fit(self, ratings: Ratings) -> None:
        if not self.members or self.name in self.members or self.folds < 2 or self.ridge < 0:
            raise ValueError(f"members, folds or ridge is out of range: {self.params()}")
        self.mean_ = float(ratings.value.mean())
        self.weights_ = self._weights(ratings)
        self.members_ = [self._member(name).fit(ratings) for name in self.members]

    def _member(self, name: str) -> Rater:
        kind = RATERS.get(name)
        given: dict[str, Any] = {"known": self.known} if issubclass(kind, Regression) else {}
        return kind(**given)

    def _weights(self, ratings: Ratings) -> Values:
        """(members,) from what each says of ratings that it has not learned from; equal ones where nothing can be left out."""
        from scipy.optimize import nnls

        count = len(self.members)
        parts = self._parts(ratings)
        if not parts:
            return np.full(count, 1 / count)
        told = np.concatenate([self._told(learn, ask) for learn, ask in parts]) - self.mean_
        given = np.concatenate([ask.value for _, ask in parts]) - self.mean_
        # The ridge as rows: each says that a weight is 1 / members.
        pull = np.sqrt(self.ridge)
        rows, right = np.concatenate([told, pull * np.eye(count)]), np.append(given, np.full(count, pull / count))
        weights: Values = nnls(rows, right)[0]
        return weights

    def _parts(self, ratings: Ratings) -> list[tuple[Ratings, Ratings]]:
        if self.known == "others":
            return list(in_folds(ratings, self.folds, seed=self.seed)) if len(ratings) >= self.folds else []
        return [in_time(ratings)] if ratings.at.min() < ratings.at.max() else []

    def _told(self, learn: Ratings, ask: Ratings) -> Values:
        """(ratings asked, members) predictions."""
        said = [self._member(name).fit(learn).predict(ask.user, ask.item, ask.at) for name in self.members]
        return np.column_stack(said)

    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        told = np.column_stack([member.predict(user, item, at) for member in self.members_])
        values: Values = self.mean_ + (told - self.mean_) @ self.weights_
        return values
