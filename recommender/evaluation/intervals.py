"""Bootstrap intervals over questions (Efron & Tibshirani 1993): percentiles of means of resamples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
CHUNK = 100
# Draws of so few questions are kept: every metric and every model is resampled alike.
REMEMBERED = 2_000


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


UNKNOWN = Estimate(0.0, 0.0, 1.0, 0)


def mean(values: NDArray[np.float64], *, seed: int = 0) -> Estimate:
    """The mean with its interval, nan left out; of no values 0 with the interval 0 to 1."""
    return means({"": values}, seed=seed)[""]


def means(columns: dict[str, NDArray[np.float64]], *, seed: int = 0) -> dict[str, Estimate]:
    """The mean of each column (n,) with its interval, all from the same resamples; nan is left out."""
    if not columns:
        return {}
    values = np.stack(list(columns.values()), axis=1)
    n = len(values)
    if n == 0:
        return dict.fromkeys(columns, UNKNOWN)
    known = ~np.isnan(values)
    filled, weight = np.where(known, values, 0.0), known.astype(np.float64)
    drawn = []
    for times in _draws(n, seed):
        held = times @ weight
        drawn.append(np.divide(times @ filled, held, out=np.zeros_like(held), where=held > 0))
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975], axis=0)
    counts = known.sum(axis=0)
    value = filled.sum(axis=0) / np.maximum(counts, 1)
    return {
        name: Estimate(float(value[at]), float(low[at]), float(high[at]), int(counts[at])) if counts[at] else UNKNOWN
        for at, name in enumerate(columns)
    }


def _draws(n: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """(some, n) how often each question is in each of some resamples; :data:`RESAMPLES` in all."""
    if n <= REMEMBERED:
        yield _remembered(n, seed)
        return
    rng = np.random.default_rng(seed)
    rows = max(1, min(CHUNK, 4_000_000 // n))
    for first in range(0, RESAMPLES, rows):
        yield _times(rng, min(rows, RESAMPLES - first), n)


@lru_cache(maxsize=8)
def _remembered(n: int, seed: int) -> NDArray[np.float64]:
    return _times(np.random.default_rng(seed), RESAMPLES, n)


def _times(rng: np.random.Generator, rows: int, n: int) -> NDArray[np.float64]:
    drawn = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


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
