"""Models compared on the same questions: p-values against scipy's and statsmodels', and what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test
from statsmodels.stats.multitest import multipletests

from recommender.evaluation import paired

values = st.lists(st.floats(-1, 1).map(lambda value: round(value, 3)), min_size=2, max_size=9)


@settings(max_examples=40, deadline=None)
@given(values)
def test_with_few_questions_the_p_value_is_the_exact_one_of_scipy(differences) -> None:
    moved = np.array(differences)
    theirs = permutation_test(
        (moved, np.zeros(len(moved))), lambda a, b: (a - b).mean(), permutation_type="samples", n_resamples=100_000
    )
    # Scipy doubles the smaller tail; signs are symmetric, so that is the same.
    assert paired.permutation_p(moved) == pytest.approx(min(1.0, theirs.pvalue), abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p_values) -> None:
    assert paired.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist(), abs=1e-9)


def test_without_a_difference_few_are_found_and_a_clear_one_is() -> None:
    rng = np.random.default_rng(0)
    false = [paired.permutation_p(rng.normal(size=300), seed=seed) < 0.05 for seed in range(100)]
    assert sum(false) <= 12
    better = paired.compare(rng.random(500) + 0.1, rng.random(500))
    assert better.estimate.low > 0
    assert better.p < 0.01


def test_equal_models_have_no_difference_and_p_of_one() -> None:
    same = np.array([0.2, 0.0, np.nan, 1.0])
    found = paired.compare(same, same)
    assert (found.estimate.value, found.estimate.n, found.p) == (0.0, 3, 1.0)


def test_several_comparisons_are_harder_to_pass_than_one() -> None:
    rng = np.random.default_rng(1)
    base = rng.random(200)
    others = {f"m{n}": base + rng.normal(0.01, 0.1, 200) for n in range(6)}
    for told in paired.against(base, others).values():
        assert told["p"] <= told["p_holm"] <= 1
