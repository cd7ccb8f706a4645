"""Regressors on rows of features by name, as raters and rankers have them; nothing is learned yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def linear(seed: int = 0) -> Any:
    """Ridge on standardised features; ``seed`` changes nothing."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), Ridge(alpha=1.0))


def tree(seed: int = 0) -> Any:
    """One tree, leaves of 100 rows at least."""
    from sklearn.tree import DecisionTreeRegressor

    return DecisionTreeRegressor(max_depth=8, min_samples_leaf=100, random_state=seed)


def forest(seed: int = 0) -> Any:
    """40 trees, each of half of the rows, leaves of 20 rows at least."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(40, min_samples_leaf=20, max_features=0.4, max_samples=0.5, random_state=seed)


def boosting(seed: int = 0) -> Any:
    """200 trees of 15 leaves, by LightGBM."""
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
        random_state=seed,
        n_jobs=1,
        verbose=-1,
    )


def mlp(seed: int = 0) -> Any:
    """Two hidden layers; stops when a tenth that is kept aside gets no better."""
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPRegressor(hidden_layer_sizes=(32, 16), alpha=1e-3, max_iter=40, early_stopping=True, random_state=seed)
    return make_pipeline(StandardScaler(), network)


ESTIMATORS: dict[str, Callable[[int], Any]] = {
    "linear": linear,
    "tree": tree,
    "forest": forest,
    "boosting": boosting,
    "mlp": mlp,
}
