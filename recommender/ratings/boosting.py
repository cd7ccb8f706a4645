"""Gradient boosted trees on the features."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.ratings.regression import Regression


class Boosting(Regression):
    """200 trees of 15 leaves, by LightGBM."""

    name = "boosting"
    label = gettext_noop("Gradient boosting")
    source = "Friedman, Greedy function approximation, Annals of Statistics 29 (2001)"

    def _estimator(self) -> Any:
        from lightgbm import LGBMRegressor

        return LGBMRegressor(
            n_estimators=200,
            learning_rate=0.05,
            num_leaves=15,
            min_child_samples=60,
            reg_lambda=5.0,
            subsample=0.7,
            subsample_freq=1,
            colsample_bytree=0.6,
            random_state=self.seed,
            n_jobs=1,
            verbose=-1,
        )
