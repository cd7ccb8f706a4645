"""Bootstrap intervals over questions (Efron & Tibshirani 1993): percentiles of means of resamples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
CHUNK = 100


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval from ``n`` questions."""

    value: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, float | int]:
        """Rounded to what the figure carries."""
        return {name: value if name == "n" else round(value, 5) for name, value in asdict(self).items()}


def mean(values: NDArray[np.float64], *, seed: int = 0) -> Estimate:
    """The mean with its interval; of no values 0 with the interval 0 to 1."""
    n = len(values)
    if n == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    rng = np.random.default_rng(seed)
    means = np.concatenate([values[rng.integers(0, n, (CHUNK, n))].mean(axis=1) for _ in range(RESAMPLES // CHUNK)])
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high), n)


def of(figure: Callable[[NDArray[np.int64]], float], n: int, *, seed: int = 0, resamples: int = 100) -> Estimate:
    """Any figure of a set of questions, such as coverage.

    A resample holds fewer distinct questions, so such a figure is biased in it: the interval is centred on the value itself.

    Args:
        figure: of question numbers, each as often as drawn.
    """
    value = figure(np.arange(n))
    if n == 0:
        return Estimate(value, 0.0, 1.0, 0)
    rng = np.random.default_rng(seed)
    drawn = np.array([figure(rng.integers(0, n, n)) for _ in range(resamples)])
    low, high = np.quantile(drawn - drawn.mean(), [0.025, 0.975])
    return Estimate(value, value + float(low), value + float(high), n)
