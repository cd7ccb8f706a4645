"""Answers published elsewhere: GrowthBook's ``gbstats``, scipy, statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from recommender.statistics.comparison import compare, compare_at_any_time
from recommender.statistics.samples import AdjustedSample, NotEnough, Sample, cuped
from recommender.statistics.validity import minimum_detectable_effect, people_needed, sample_ratio_p


def sample(values) -> Sample:
    return Sample(len(values), float(np.sum(values)), float(np.sum(np.square(values))))


def test_a_lift_of_proportions_is_that_of_gbstats() -> None:
    result = compare(Sample.proportion(14, 28), Sample.proportion(16, 30), relative=True)
    assert result.value == pytest.approx(0.06667, abs=1e-5)
    assert result.p == pytest.approx(0.80707, abs=1e-5)
    assert not result.clear


def test_an_interval_for_any_time_is_that_of_gbstats() -> None:
    result = compare_at_any_time(Sample.proportion(1396, 3000), Sample.proportion(2422, 3461), relative=True)
    assert (result.low, result.high) == (pytest.approx(0.40098, abs=1e-5), pytest.approx(0.60675, abs=1e-5))
    assert result.clear


def test_a_wrong_split_has_the_p_value_of_gbstats() -> None:
    assert sample_ratio_p([1000, 1200], [0.5, 0.5]) == pytest.approx(2.0079e-05, rel=1e-4)
    assert sample_ratio_p([900, 100], [9, 1]) == pytest.approx(1.0)


def test_a_difference_of_money_is_welchs() -> None:
    random = np.random.default_rng(7)
    a, b = random.gamma(2, 20, 400), random.gamma(2, 22, 300)
    expected = stats.ttest_ind(b, a, equal_var=False)
    interval = expected.confidence_interval(0.95)
    result = compare(sample(a), sample(b))
    assert result.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (result.low, result.high) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_where_lower_is_better_the_sign_is_kept() -> None:
    result = compare(Sample.proportion(400, 1000), Sample.proportion(300, 1000))
    assert result.high < 0


def test_the_detectable_effect_is_found_with_the_power_asked_for() -> None:
    effect = minimum_detectable_effect(0.09, 5000, 1000)
    power = NormalIndPower().power(effect / math.sqrt(0.09), nobs1=5000, alpha=0.05, ratio=0.2)
    assert power == pytest.approx(0.8, abs=1e-6)
    people = people_needed(0.09, effect, 1 / 6)
    assert people == pytest.approx(6000, abs=1)


def test_knowing_the_past_narrows_the_interval_and_keeps_the_difference_honest() -> None:
    random = np.random.default_rng(3)
    before = random.gamma(2, 20, 4000)
    now = before + random.normal(0, 5, 4000)
    arm = random.random(4000) < 0.5
    now[arm] += 2.0

    def sums(chosen):
        y, x = now[chosen], before[chosen]
        return AdjustedSample(len(y), y.sum(), (y**2).sum(), x.sum(), (x**2).sum(), (x * y).sum())

    a, b = sums(~arm), sums(arm)
    plain, adjusted = compare(a.unadjusted, b.unadjusted), compare(*cuped(a, b))
    assert adjusted.high - adjusted.low < 0.3 * (plain.high - plain.low)
    assert adjusted.low < 2.0 < adjusted.high


@pytest.mark.parametrize(("a", "b"), [((0, 0), (5, 10)), ((1, 1), (5, 10)), ((0, 10), (0, 10)), ((10, 10), (10, 10))])
def test_too_little_to_compare_is_said_and_not_made_up(a, b) -> None:
    with pytest.raises(NotEnough):
        compare(Sample.proportion(*a), Sample.proportion(*b))


@given(st.integers(2, 10**6), st.integers(2, 10**6), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.booleans())
def test_an_interval_for_any_time_is_never_narrower(n_a, n_b, p_a, p_b, relative) -> None:
    a, b = Sample.proportion(round(n_a * p_a), n_a), Sample.proportion(round(n_b * p_b), n_b)
    try:
        fixed, running = compare(a, b, relative=relative), compare_at_any_time(a, b, relative=relative)
    except NotEnough:
        return
    if min(n_a, n_b) >= 200:
        assert running.low <= fixed.low <= fixed.value <= fixed.high <= running.high


@given(st.lists(st.tuples(st.integers(2, 1000), st.floats(0, 1e4), st.floats(0, 1e8)), min_size=2, max_size=5))
def test_sums_add_in_any_order(parts) -> None:
    samples = [Sample(*part) for part in parts]
    forwards, backwards = samples[0], samples[-1]
    for one in samples[1:]:
        forwards += one
    for one in reversed(samples[:-1]):
        backwards += one
    assert forwards.n == backwards.n
    assert forwards.total == pytest.approx(backwards.total)


def test_looking_every_day_fools_the_fixed_interval_and_not_the_other() -> None:
    random = np.random.default_rng(11)
    fooled = {"fixed": 0, "running": 0}
    for _experiment in range(200):
        a, b = random.random((40, 100)) < 0.1, random.random((40, 100)) < 0.1
        found = {"fixed": False, "running": False}
        for day in range(2, 41):
            one, two = (Sample.proportion(int(x[:day].sum()), day * 100) for x in (a, b))
            try:
                found["fixed"] |= compare(one, two).clear
                found["running"] |= compare_at_any_time(one, two).clear
            except NotEnough:
                continue
        for name in fooled:
            fooled[name] += found[name]
    assert fooled["running"] <= 0.05 * 200
    assert fooled["fixed"] > 0.15 * 200
