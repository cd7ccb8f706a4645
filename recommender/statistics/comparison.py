"""Two variants compared: difference or lift with a 95 % interval, at a planned end or at any time.

Delta method and Welch's t as in GrowthBook's ``gbstats`` (whose published answers are our tests); the interval that holds at
any time is the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, *Time-uniform central
limit theory and asymptotic confidence sequences* (2021), tuned to be tightest at ``TUNING`` people.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from recommender.statistics.samples import NotEnough, Sample

ALPHA = 0.05
TUNING = 5000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What b is against a.

    Attributes:
        value: the difference of the means, or the lift (b / a - 1).
        low, high: 95 % interval.
        p: two-sided p-value of no effect; None for an interval that holds at any time.
        relative: whether it is a lift.
        always_valid: whether it may be looked at while the experiment runs.
    """

    value: float
    low: float
    high: float
    p: float | None
    relative: bool
    always_valid: bool

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def _effect(a: Sample, b: Sample, *, relative: bool) -> tuple[float, float]:
    """Effect and its variance.

    Delta method of a ratio of means: var(b) / (n_b mean_a^2) + var(a) mean_b^2 / (n_a mean_a^4).
    """
    if not relative:
        return b.mean - a.mean, a.variance / a.n + b.variance / b.n
    if a.mean == 0:
        raise NotEnough("a lift needs a baseline above zero")
    variance = b.variance / (b.n * a.mean**2) + a.variance * b.mean**2 / (a.n * a.mean**4)
    return b.mean / a.mean - 1, variance


def _degrees_of_freedom(a: Sample, b: Sample) -> float:
    """Welch and Satterthwaite's."""
    part_a, part_b = a.variance / a.n, b.variance / b.n
    return (part_a + part_b) ** 2 / (part_a**2 / (a.n - 1) + part_b**2 / (b.n - 1))


def compare(a: Sample, b: Sample, *, relative: bool = False, alpha: float = ALPHA) -> Comparison:
    """Compare at a planned end: Welch's interval and p-value.

    Raises:
        NotEnough: fewer than two people on a side, no variation at all, or a lift of nothing.
    """
    from scipy import stats

    effect, variance = _effect(a, b, relative=relative)
    if variance <= 0:
        raise NotEnough("everybody did the same: there is nothing to compare yet")
    error = math.sqrt(variance)
    freedom = _degrees_of_freedom(a, b)
    half = float(stats.t.ppf(1 - alpha / 2, freedom)) * error
    p = 2 * float(stats.t.sf(abs(effect) / error, freedom))
    return Comparison(effect, effect - half, effect + half, p, relative, always_valid=False)


def compare_at_any_time(
    a: Sample, b: Sample, *, relative: bool = False, alpha: float = ALPHA, tuning: int = TUNING
) -> Comparison:
    """Compare while it runs: an interval that holds however often it is looked at, and is wider for it.

    Raises:
        NotEnough: as :func:`compare`.
    """
    effect, variance = _effect(a, b, relative=relative)
    half = half_width(variance, a.n + b.n, alpha=alpha, tuning=tuning)
    return Comparison(effect, effect - half, effect + half, None, relative, always_valid=True)


def from_zero_at_any_time(one: Sample, *, alpha: float = ALPHA, tuning: int = TUNING) -> Comparison:
    """How far the mean of one sample is from zero (a preference of each person, say), at any time.

    Raises:
        NotEnough: as :func:`compare`.
    """
    half = half_width(one.variance / one.n, one.n, alpha=alpha, tuning=tuning)
    return Comparison(one.mean, one.mean - half, one.mean + half, None, False, always_valid=True)


def _rho2(alpha: float, tuning: int) -> float:
    """The spread of the mixture with which the interval is tightest at ``tuning`` people."""
    return (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuning


def half_width(variance: float, n: int, *, alpha: float = ALPHA, tuning: int = TUNING) -> float:
    """Half of the interval that holds at any time, from the variance of the estimate and the people in all behind it.

    Raises:
        NotEnough: no variation.
    """
    if variance <= 0:
        raise NotEnough("everybody did the same: there is nothing to compare yet")
    rho2 = _rho2(alpha, tuning)
    spread = n * rho2 + 1
    return math.sqrt(variance * n) * math.sqrt(2 * spread * math.log(math.sqrt(spread) / alpha) / (n**2 * rho2))


def p_at_any_time(value: float, variance: float, n: int, *, alpha: float = ALPHA, tuning: int = TUNING) -> float:
    """P-value of no effect that holds at any time: below ``alpha`` exactly where the interval leaves out zero.

    One over the likelihood ratio of the normal mixture (Robbins 1970; Johari, Koomen, Pekelis and Walsh, *Always valid
    inference*, Operations Research 2022): sqrt(n rho^2 + 1) exp(-z^2 n rho^2 / (2 (n rho^2 + 1))), z = value / standard error.
    """
    if variance <= 0:
        return 1.0
    rho2 = _rho2(alpha, tuning)
    spread = n * rho2 + 1
    return min(1.0, math.sqrt(spread) * math.exp(-(value**2) / variance * n * rho2 / (2 * spread)))
