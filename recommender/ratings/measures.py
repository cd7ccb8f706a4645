"""How far predictions are from ratings: MSE, RMSE, MAE, R2, each with a bootstrap interval over the ratings."""

from __future__ import annotations

import numpy as np

from recommender.evaluation.intervals import Estimate
from recommender.ratings.table import Values

RESAMPLES = 400
CHUNK = 50
NAMES = ("rmse", "mse", "mae", "r2")


def _figures(squares: Values, absolutes: Values, spread: Values) -> dict[str, Values]:
    """From means over ratings: squared error, absolute error, variance of the ratings."""
    r2 = 1 - np.divide(squares, spread, out=np.full_like(squares, np.nan), where=spread > 0)
    return {"mse": squares, "rmse": np.sqrt(squares), "mae": absolutes, "r2": r2}


def measure(actual: Values, predicted: Values, *, seed: int = 0) -> dict[str, Estimate]:
    """All four, with 95 % intervals; R2 is nan where all ratings are the same.

    Raises:
        ValueError: there is nothing to measure, or lengths differ.
    """
    if not len(actual) or len(actual) != len(predicted):
        raise ValueError(f"{len(actual)} ratings and {len(predicted)} predictions")
    error = actual - predicted
    centred = actual - actual.mean()
    held = np.column_stack([error**2, np.abs(error), centred, centred**2])
    exact = held.mean(axis=0)[None, :]
    rng = np.random.default_rng(seed)
    n = len(actual)
    drawn = np.concatenate([held[rng.integers(0, n, (CHUNK, n))].mean(axis=1) for _ in range(RESAMPLES // CHUNK)])
    value, resampled = (_figures(m[:, 0], m[:, 1], m[:, 3] - m[:, 2] ** 2) for m in (exact, drawn))
    found = {}
    for name in NAMES:
        low, high = np.nanquantile(resampled[name], [0.025, 0.975]) if np.isfinite(value[name][0]) else (np.nan, np.nan)
        found[name] = Estimate(float(value[name][0]), float(low), float(high), n)
    return found
