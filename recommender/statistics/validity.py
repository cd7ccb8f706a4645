"""Whether a comparison may be believed, and how large an effect it could find."""

from __future__ import annotations

import math
from collections.abc import Sequence

SRM_LIMIT = 0.001
# People that the shares asked for are worth against those seen (:func:`sample_ratio_p_at_any_time`).
SPLIT_STRENGTHS = (10.0, 100.0, 1000.0)


def sample_ratio_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """P-value (chi-square) of people having been split as asked; below :data:`SRM_LIMIT` no result is shown.

    Args:
        counts: people per variant.
        shares: the split asked for, in any unit.

    Raises:
        ValueError: another number of shares than counts, or a share not above zero.
    """
    if len(counts) != len(shares) or any(share <= 0 for share in shares):
        raise ValueError("one share above zero for each variant")
    people = sum(counts)
    if not people:
        return 1.0
    from scipy import stats

    expected = [people * share / sum(shares) for share in shares]
    return float(stats.chisquare(counts, expected).pvalue)


def sample_ratio_p_at_any_time(
    counts: Sequence[int], shares: Sequence[float], *, strengths: Sequence[float] = SPLIT_STRENGTHS
) -> float:
    """P-value of people having been split as asked that may be looked at every day, where a chi-square would reject in the end.

    One over the Bayes factor of a Dirichlet around the shares, worth ``strength`` people, against the shares themselves
    (Lindon and Malek, *Anytime-valid inference for multinomial count data*, NeurIPS 2022, eq. 7). A weak one finds that half of an
    arm is missing among few people, a strong one that a fiftieth is among many; their mean is as honest as each, and finds both.

    Raises:
        ValueError: as :func:`sample_ratio_p`.
    """
    if len(counts) != len(shares) or any(share <= 0 for share in shares):
        raise ValueError("one share above zero for each variant")
    found = [_log_bayes_factor(counts, shares, strength) for strength in strengths]
    largest = max(found)
    log_mean = largest + math.log(sum(math.exp(each - largest) for each in found) / len(found))
    return min(1.0, math.exp(-log_mean)) if log_mean > 0 else 1.0


def _log_bayes_factor(counts: Sequence[int], shares: Sequence[float], strength: float) -> float:
    people, whole = sum(counts), sum(shares)
    log_factor = math.lgamma(strength) - math.lgamma(strength + people)
    for count, share in zip(counts, shares, strict=True):
        asked = share / whole
        log_factor += math.lgamma(strength * asked + count) - math.lgamma(strength * asked) - count * math.log(asked)
    return log_factor


def minimum_detectable_effect(variance: float, n_a: int, n_b: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest difference of means that is found with probability ``power``; infinite without people.

    (z(1 - alpha/2) + z(power)) sqrt(variance (1/n_a + 1/n_b)), the two-sample formula under equal variances.
    """
    if n_a < 1 or n_b < 1:
        return math.inf
    from scipy import stats

    z = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    return z * math.sqrt(variance * (1 / n_a + 1 / n_b))


def people_needed(variance: float, effect: float, holdout: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """People in all (both sides) to find a difference of ``effect`` when a share ``holdout`` (0 to 1) is held out.

    Raises:
        ValueError: ``effect`` is zero, or ``holdout`` is not between 0 and 1.
    """
    if effect == 0 or not 0 < holdout < 1:
        raise ValueError("an effect other than zero and a holdout between 0 and 1 are needed")
    from scipy import stats

    z = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    return math.ceil(variance * (z / effect) ** 2 * (1 / holdout + 1 / (1 - holdout)))


def chance_in_words(p: float) -> str:
    """p of a test for people, who need no powers of ten: "p = 0.012", "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
