"""Linear regression on the features."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.features import estimators
from recommender.ratings.regression import Regression


class Linear(Regression):
    """Ridge on standardised features."""

    name = "linear"
    label = gettext_noop("Linear regression")
    source = "Hoerl & Kennard, Ridge regression, Technometrics 12 (1970)"

    def _estimator(self) -> Any:
        return estimators.linear(self.seed)
