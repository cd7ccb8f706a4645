"""A small neural network on the features."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.ratings.regression import Regression


class MLP(Regression):
    """Two hidden layers; stops when a tenth that is kept aside gets no better."""

    name = "mlp"
    label = gettext_noop("Neural network")
    source = "Rumelhart et al., Learning representations by back-propagating errors, Nature 323 (1986)"

    def _estimator(self) -> Any:
        from sklearn.neural_network import MLPRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        network = MLPRegressor(
            hidden_layer_sizes=(32, 16), alpha=1e-3, max_iter=40, early_stopping=True, random_state=self.seed
        )
        return make_pipeline(StandardScaler(), network)
