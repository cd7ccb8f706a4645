"""A random forest on the features: the model of the article, on rows that it can learn from."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.features import estimators
from recommender.ratings.regression import Regression


class Forest(Regression):
    """40 trees, each of half of the rows, leaves of 20 ratings at least."""

    name = "forest"
    label = gettext_noop("Random forest")
    source = "Breiman, Random forests, Machine Learning 45 (2001)"

    def _estimator(self) -> Any:
        return estimators.forest(self.seed)
