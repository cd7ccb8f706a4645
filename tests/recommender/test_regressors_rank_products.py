"""Regressors rank: what they learned is kept as arrays that say the same, and they put what comes next before what is popular."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.pointwise.kept import keep, predict
from recommender.asking import Context
from recommender.dataset import Products
from recommender.dataset.interactions import from_sessions
from recommender.features.estimators import ESTIMATORS

NAMES = sorted(ESTIMATORS)


@pytest.mark.parametrize("name", NAMES)
def test_the_arrays_say_what_the_estimator_says(name) -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(2.0, 3.0, (600, 7)).astype(np.float32)
    # Values that stand exactly at a threshold, and a column that never changes.
    rows[:, 2], rows[:, 3] = rng.integers(0, 4, 600), 1.0
    value = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 3).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = ESTIMATORS[name](1).fit(rows[:500].astype(np.float64), value[:500])
        said = estimator.predict(rows.astype(np.float64))
    assert np.ptp(said) > 0.1
    kept = keep(name, estimator)
    for array in kept:
        array.flags.writeable = False
    np.testing.assert_allclose(predict(kept, rows), said, atol=2e-6)


@pytest.fixture(scope="module")
def dataset():
    """Four circles of six; sessions go three steps round one of them."""
    rng = np.random.default_rng(4)
    sessions = [
        [int(circle * 6 + (start + step) % 6) for step in range(3)]
        for circle, start in zip(rng.integers(0, 4, 1_200), rng.integers(0, 6, 1_200), strict=True)
    ]
    products = Products.of([f"p{n}" for n in range(24)], categories=[f"circle {n // 6}" for n in range(24)])
    return from_sessions(sessions, products)


@pytest.mark.parametrize("name", ["linear", "tree"])
def test_what_comes_next_stands_before_what_is_popular(name, dataset) -> None:
    model = ALGORITHMS.get(name)().fit(dataset)
    for product in range(24):
        found = model.recommend(Context(session=np.array([product], np.int32), at_ms=dataset.window[1]), 6)
        same = [other // 6 == product // 6 for other in found.products.tolist()]
        assert sum(same[:3]) == 3, (product, found.products)
    looked_at = model.importance()
    assert (looked_at == {}) == (name == "linear")
    assert name == "linear" or sum(looked_at.values()) == pytest.approx(1.0)


def test_what_was_judged_serves_on_sources_that_learned_more(dataset, monkeypatch) -> None:
    judged = ALGORITHMS.get("tree")().fit(dataset.take(np.arange(dataset.sessions) < 1_000))

    def never(*args, **more):
        raise AssertionError("it was learned again")

    monkeypatch.setattr("recommender.algorithms.pointwise.learning.learn", never)
    model = ALGORITHMS.get("tree")(**judged.settled())
    model.take_over(judged)
    model.fit(dataset)
    assert model.kept_threshold_.tolist() == judged.kept_threshold_.tolist()
    whole = ALGORITHMS.get("popular")().fit(dataset)
    assert model.recommend(Context(), 5).products.tolist() == whole.recommend(Context(), 5).products.tolist()
    with pytest.raises(AssertionError, match="again"):
        model.fit(dataset)


def test_too_few_sessions_leave_the_ranking_to_the_sources() -> None:
    model = ALGORITHMS.get("linear")().fit(
        from_sessions([[0, 1], [0, 1], [2, 3]], Products.of([f"p{n}" for n in range(4)]))
    )
    assert not len(model.kept_width_)
    # Popularity and company both name it.
    assert model.recommend(Context(session=np.array([0], np.int32)), 3).products[0] == 1
    assert model.importance() == {}
