"""A small neural network on the features."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.features import estimators
from recommender.ratings.regression import Regression


class MLP(Regression):
    """Two hidden layers; stops when a tenth that is kept aside gets no better."""

    name = "mlp"
    label = gettext_noop("Neural network")
    source = "Rumelhart et al., Learning representations by back-propagating errors, Nature 323 (1986)"

    def _estimator(self) -> Any:
        return estimators.mlp(self.seed)
