"""A metric of one variant as sums: frozen, addable, so that millions of people are summed where they lie (in SQL)."""

from __future__ import annotations

import math
from dataclasses import dataclass


class NotEnough(ValueError):
    """Too few people, or no variation, for the figure that was asked for."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Sums over the people of a variant of a value each (an order or none, money spent).

    Attributes:
        n: people, those without a value included (as zero).
        total: sum of the values.
        squares: sum of their squares.
    """

    n: int
    total: float
    squares: float

    @classmethod
    def proportion(cls, successes: int, n: int) -> Sample:
        """People of whom some did and the others did not."""
        return cls(n, float(successes), float(successes))

    def __add__(self, other: Sample) -> Sample:
        """The people of both."""
        return Sample(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Mean value; 0 for nobody."""
        return self.total / self.n if self.n else 0.0

    @property
    def is_proportion(self) -> bool:
        """Whether every value is 0 or 1 (then sum and sum of squares agree)."""
        return self.total == self.squares and 0 <= self.total <= self.n

    @property
    def variance(self) -> float:
        """Variance of a value: p (1 - p) of a proportion, else the unbiased sample variance.

        Raises:
            NotEnough: fewer than two people.
        """
        if self.n < 2:
            raise NotEnough("a variance needs two people at least")
        if self.is_proportion:
            return self.mean * (1 - self.mean)
        return max((self.squares - self.total**2 / self.n) / (self.n - 1), 0.0)


@dataclass(frozen=True, slots=True)
class RatioSample:
    """Sums over the people of a variant of a numerator and a denominator each: clicked slates of seen slates.

    Slates of one person are alike, so it is people that are counted as independent, not slates. Delta method as in Deng, Knoblich
    and Lu, *Applying the delta method in metric analytics*, KDD 2018: var = (s_yy - 2 R s_xy + R^2 s_xx) / mean_x^2.

    Attributes:
        n: people.
        above, below: sums of numerator and denominator.
        above_squares, below_squares, product: sums of squares, and of their product.
    """

    n: int
    above: float
    below: float
    above_squares: float
    below_squares: float
    product: float

    def __add__(self, other: RatioSample) -> RatioSample:
        """The people of both."""
        return RatioSample(
            self.n + other.n,
            self.above + other.above,
            self.below + other.below,
            self.above_squares + other.above_squares,
            self.below_squares + other.below_squares,
            self.product + other.product,
        )

    @property
    def ratio(self) -> float:
        """Numerator by denominator; 0 of nothing."""
        return self.above / self.below if self.below else 0.0

    def linearised(self) -> Sample:
        """People with a value each, whose mean is the ratio and whose variance is that of the delta method.

        Raises:
            NotEnough: nobody has a denominator.
        """
        if self.n < 2 or not self.below:
            raise NotEnough("a ratio needs two people and a denominator")
        ratio, mean = self.ratio, self.below / self.n
        residual = self.above_squares - 2 * ratio * self.product + ratio**2 * self.below_squares
        return Sample(self.n, self.n * ratio, max(residual, 0.0) / mean**2 + self.n * ratio**2)


@dataclass(frozen=True, slots=True)
class AdjustedSample:
    """Sums of a value and of what was known before (a covariate) for CUPED.

    Deng, Xu, Kohavi and Walker, *Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data*, WSDM 2013.
    """

    n: int
    total: float
    squares: float
    before: float
    before_squares: float
    product: float

    def __add__(self, other: AdjustedSample) -> AdjustedSample:
        """The people of both."""
        return AdjustedSample(
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
            self.before + other.before,
            self.before_squares + other.before_squares,
            self.product + other.product,
        )

    @property
    def unadjusted(self) -> Sample:
        """The value alone."""
        return Sample(self.n, self.total, self.squares)

    def covariance(self) -> float:
        """Unbiased covariance of value and covariate."""
        return (self.product - self.total * self.before / self.n) / (self.n - 1)

    def before_variance(self) -> float:
        """Unbiased variance of the covariate."""
        return (self.before_squares - self.before**2 / self.n) / (self.n - 1)

    def adjusted(self, theta: float) -> Sample:
        """Sums of value - theta x covariate, per person."""
        return Sample(
            self.n,
            self.total - theta * self.before,
            self.squares - 2 * theta * self.product + theta**2 * self.before_squares,
        )


def cuped(a: AdjustedSample, b: AdjustedSample) -> tuple[Sample, Sample]:
    """Both variants with what was known before taken out (theta pooled over both).

    The adjusted means are shifted by the same theta x mean covariate, so that a keeps its meaning as a baseline.
    """
    pooled = a + b
    if pooled.n < 3 or pooled.before_variance() <= 0 or not math.isfinite(pooled.before_variance()):
        return a.unadjusted, b.unadjusted
    theta = pooled.covariance() / pooled.before_variance()
    centre = theta * pooled.before / pooled.n
    return tuple(_shifted(sample.adjusted(theta), centre) for sample in (a, b))  # type: ignore[return-value]


def _shifted(sample: Sample, by: float) -> Sample:
    squares = sample.squares + 2 * by * sample.total + sample.n * by**2
    return Sample(sample.n, sample.total + sample.n * by, squares)
