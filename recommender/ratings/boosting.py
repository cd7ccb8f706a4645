"""Gradient boosted trees on the features."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.features import estimators
from recommender.ratings.regression import Regression


class Boosting(Regression):
    """200 trees of 15 leaves, by LightGBM."""

    name = "boosting"
    label = gettext_noop("Gradient boosting")
    source = "Friedman, Greedy function approximation, Annals of Statistics 29 (2001)"

    def _estimator(self) -> Any:
        return estimators.boosting(self.seed)
