"""The search for the values of session-kNN improves on what it begins with, asks only what it may, and goes on after a kill."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.algorithms import session_kernel, tuning
from recommender.algorithms.prefixes import prefixes, split
from recommender.algorithms.session_knn import RULE, SessionKNN
from recommender.asking import Context
from recommender.dataset import Products
from recommender.dataset.interactions import from_sessions


@pytest.fixture(scope="module")
def dataset():
    """Shoppers who step on by one or two, and now and then go back."""
    rng = np.random.default_rng(3)
    sessions = []
    for _ in range(1_500):
        steps = rng.integers(1, 3, rng.integers(2, 7))
        session = [int(item) % 40 for item in rng.integers(40) + np.cumsum(steps)]
        sessions.append([*session, session[0]] if rng.random() < 0.3 else session)
    return from_sessions(sessions, Products.of([f"p{number}" for number in range(40)]))


def test_what_was_found_is_no_worse_and_is_what_the_votes_go_by(dataset) -> None:
    model = SessionKNN(back=0.1, own=0.3, reach=5.0, collapse=False, answers="any", tune_seconds=60).fit(dataset)
    asked = prefixes(split(dataset)[1], longest=12, seed=0)
    earlier = split(dataset)[0]
    given = SessionKNN(back=0.1, own=0.3, reach=5.0, collapse=False, answers="any").fit(earlier)
    found = SessionKNN(**model.settled()).fit(earlier)
    assert found.tune_seconds == 0
    assert tuning.value(found, asked) > tuning.value(given, asked)
    again = SessionKNN(**model.settled()).fit(dataset)
    context = Context(session=np.array([3, 4], np.int32))
    assert again.recommend(context, 10).scores.tolist() == model.recommend(context, 10).scores.tolist()


def test_a_search_goes_on_where_it_was_killed(dataset, monkeypatch) -> None:
    class Killed(BaseException): ...

    calls = []

    def counted(model, asked):
        calls.append(model.rule)
        if len(calls) == 8:
            raise Killed
        return value(model, asked)

    value = tuning.value
    monkeypatch.setattr(tuning, "value", counted)
    model = SessionKNN(reach=5.0, answers="other", tune_seconds=60, seed=5)
    with pytest.raises(Killed):
        model.fit(dataset)
    model.fit(dataset)
    assert len(set(calls)) == len(calls) - 1  # Only what was under way when it was killed is asked again.
    before = len(calls)
    assert SessionKNN(**model.params()).fit(dataset).rule == model.rule
    assert len(calls) == before


def test_without_time_or_sessions_the_given_values_stand(dataset) -> None:
    few = from_sessions([[0, 1, 2]] * 50, dataset.products)
    for model in (SessionKNN(tune_seconds=60).fit(few), SessionKNN(tune_seconds=1e-9, seed=9).fit(dataset)):
        assert model.rule._asdict() == {name: getattr(model, name) for name in RULE}
    with pytest.raises(ValueError, match="answers must be one of"):
        SessionKNN(answers="some").fit(few)  # type: ignore[arg-type]


@pytest.mark.parametrize("answers", ["any", "other", "new"])
def test_the_place_of_a_target_is_that_in_the_ranking(dataset, answers) -> None:
    model = SessionKNN(collapse=False, own=1.2).fit(dataset)
    asked = prefixes(dataset, longest=12, seed=0).answerable(answers).sample(60, 1)
    removed = {"any": 0, "other": 1, "new": 99}[answers]
    work = session_kernel.scratch(len(model.start_) - 1, model.products_)
    places = session_kernel.places(*asked, removed, model.index, model.rule, work)
    for low, high, place in zip(asked.low, asked.high, places, strict=True):
        known, target = asked.items[low:high], asked.items[high]
        ranking = model.recommend(Context(session=known), 40).products
        ranking = ranking[~np.isin(ranking, known[max(len(known) - removed, 0) :])]
        at = np.flatnonzero(ranking == target)
        assert place == (at[0] + 1 if len(at) else 0)


def test_two_models_of_other_sizes_do_not_make_each_other_s_working_arrays_anew() -> None:
    session_kernel.scratch(1_000, 10)
    held = session_kernel.scratch(10, 1_000)
    assert session_kernel.scratch(1_000, 10) is session_kernel.scratch(10, 1_000) is held


def test_the_products_of_one_moment_are_asked_in_no_order() -> None:
    baskets = from_sessions([list(range(20))] * 200, Products.of([f"p{number}" for number in range(20)]), step_ms=0)
    asked = prefixes(baskets, longest=12, seed=0)
    assert len(asked) == 200 * 19
    rising = asked.targets > asked.items[asked.high - 1]
    assert 0.45 < rising.mean() < 0.55


def test_a_file_from_before_values_were_searched_for_is_served_by_those_given(dataset) -> None:
    model = SessionKNN(reach=5.0).fit(dataset)
    older = {name: array for name, array in model.learned().items() if name not in ("rule_", "held_by_")}
    meta = {"algorithm": "session_knn", "params": {"reach": 5.0}, "products": model.products_}
    context = Context(session=np.array([3, 4], np.int32))
    assert (
        SessionKNN.restore(older, meta).recommend(context, 9).scores.tolist()
        == model.recommend(context, 9).scores.tolist()
    )
