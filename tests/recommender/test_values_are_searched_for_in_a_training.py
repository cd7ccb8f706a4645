"""A training searches for the values of its algorithms inside the part that it learns from, and remembers them for a week."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from recommender.algorithms import tuning
from recommender.algorithms.next_basket import NextBasket
from recommender.algorithms.ranked import Ranked
from recommender.algorithms.session_knn import SessionKNN
from recommender.algorithms.tifu_knn import TIFUKNN
from recommender.models import ModelVersion, TrainingRun
from recommender.training import settling
from recommender.training.run import TEST_DAYS, train
from shop import clock as shop_clock
from shop.models import Order
from tests.factories.models import make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def searches(monkeypatch, settings, tmp_path) -> list:
    """What was searched in: the datasets, in order. The values found are always the same two."""
    settings.DATA_DIR = tmp_path
    asked: list = []

    def search(model, dataset):
        asked.append(dataset)
        assert model.tune_seconds == SessionKNN.search_seconds > 0
        return {**model.rule._asdict(), "back": 0.2, "recent": 500.0}

    monkeypatch.setattr(tuning, "search", search)
    return asked


def values_of(version: ModelVersion) -> dict[str, float]:
    return {name: float(version.params[name]) for name in ("back", "recent", "reach")}


def test_what_was_found_is_learned_with_and_remembered_for_a_week(searches, clock) -> None:
    make_shop(shoppers=12, weeks=8)
    run = train("session_knn")
    assert run.report["settings"]["session_knn"]["params"] == {"back": 0.2, "recent": 500.0}
    assert run.report["seconds"]["tune/session_knn"] >= 0
    versions = ModelVersion.objects.filter(algorithm="session_knn")
    assert all(values_of(version) == {"back": 0.2, "recent": 500.0, "reach": 3.0} for version in versions)
    (searched,) = searches
    newest = Order.objects.order_by("-placed_at").first().placed_at
    assert searched.window[1] < (newest - timedelta(days=TEST_DAYS)).timestamp() * 1000
    assert len(searched)

    clock.advance(days=6)
    again = train("session_knn")
    assert len(searches) == 1
    assert again.report["settings"] == run.report["settings"]
    assert "learns with" in again.log

    clock.advance(days=2)
    train("session_knn")
    assert len(searches) == 2


def test_a_quick_training_searches_for_nothing_but_uses_what_is_known(searches) -> None:
    make_shop(shoppers=8, weeks=6)
    TrainingRun.objects.create(
        status="done",
        report={"settings": {"session_knn": {"params": {"back": 0.6}, "at": shop_clock.now().isoformat()}}},
    )
    run = train("session_knn", quick=True)
    assert not searches
    assert values_of(ModelVersion.objects.filter(algorithm="session_knn").first())["back"] == 0.6
    assert datetime.fromisoformat(run.report["settings"]["session_knn"]["at"]) <= shop_clock.now()


def test_a_search_that_fails_leaves_the_usual_values(searches, monkeypatch) -> None:
    make_shop(shoppers=8, weeks=6)

    def fails(model, dataset):
        raise MemoryError("no room for questions")

    monkeypatch.setattr(tuning, "search", fails)
    run = train("session_knn")
    assert run.status == "done"
    assert not run.report["failed"]
    assert "usual values: MemoryError: no room for questions" in run.log
    assert values_of(ModelVersion.objects.filter(algorithm="session_knn").first())["back"] == SessionKNN().back


def test_the_ranker_s_votes_go_by_the_same_values() -> None:
    params = Ranked.params_from({"session_knn": {"back": 0.2}})
    assert Ranked(**params).session["back"] == 0.2
    assert Ranked.params_from({}) == {}
    assert settling.params_of({"a": {"params": {"b": 1}, "at": ""}}) == {"a": {"b": 1}}


def test_habits_are_searched_for_once_for_both_that_go_by_them() -> None:
    found = {"tifu_knn": {"group": 3, "own": 0.5, "late": 0.3}}
    assert TIFUKNN.params_from(found) == {"group": 3, "own": 0.5, "late": 0.3, "tune_seconds": 0.0}
    assert NextBasket(**NextBasket.params_from(found)).params() == {
        **NextBasket().params(),
        "group": 3,
        "own": 0.5,
        "tune_seconds": 0.0,
    }
    # A search that found nothing better is one; none at all, in a quick training, is none.
    assert TIFUKNN.params_from({"tifu_knn": {}}) == NextBasket.params_from({"tifu_knn": {}}) == {"tune_seconds": 0.0}
    assert TIFUKNN.params_from({}) == NextBasket.params_from({}) == {}
