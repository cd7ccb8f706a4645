"""Whoever told their age, gender or place is shown what their group buys; nobody else is, and no small group is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.algorithms.popular_by_group import PopularByGroup
from recommender.asking import Context
from recommender.dataset import Kind, Products
from recommender.dataset.interactions import from_sessions
from recommender.dataset.shoppers import shoppers_of
from recommender.known.contexts import Known, context_of
from recommender.profiles import long_term
from recommender.training.artefacts import Model

PRODUCTS = Products.of([f"p{number}" for number in range(4)])
# Twelve of Lyon buy 1, twelve of Oslo buy 2, two of Rome buy 3; everybody also buys 0.
PLACES = ["Lyon"] * 12 + ["Oslo"] * 12 + ["Rome"] * 2
OWN = {"Lyon": 1, "Oslo": 2, "Rome": 3}
IDS = [f"s{number:02}" for number in range(len(PLACES))]


@pytest.fixture
def dataset():
    sessions = [[0, OWN[place]] for place in PLACES]
    plain = from_sessions(
        sessions, PRODUCTS, shoppers=range(len(PLACES)), kind=Kind.PURCHASE, step_ms=0, shopper_ids=IDS
    )
    told = shoppers_of([("25-34" if row % 2 else "", "", place, {}) for row, place in enumerate(PLACES)])
    return replace(plain, shoppers=told, at=np.zeros_like(plain.at))


def test_a_group_is_shrunk_to_the_whole_as_the_formula_says(dataset) -> None:
    model = PopularByGroup(shrink=30.0).fit(dataset)
    whole = np.array([26, 12, 12, 2]) * 5.0
    own = np.array([12, 12, 0, 0]) * 5.0
    share = whole / whole.sum()
    assert model.scores(("place=Lyon",)) == pytest.approx((own + 30 * share) / (own.sum() + 30), abs=1e-6)
    # Every second one is young, half of each place.
    young = np.array([13, 6, 6, 1]) * 5.0
    both = ((own + 30 * share) / (own.sum() + 30) + (young + 30 * share) / (young.sum() + 30)) / 2
    assert model.scores(("age_band=25-34", "place=Lyon")) == pytest.approx(both, abs=1e-6)
    assert both.sum() == pytest.approx(1.0)


def test_each_group_is_answered_by_its_own_and_whoever_told_nothing_by_all(dataset) -> None:
    model = PopularByGroup(shrink=1.0).fit(dataset)

    def first(*profile: str) -> list[int]:
        return model.recommend(Context(profile=profile), 2).products.tolist()

    assert first("place=Lyon") == [0, 1]
    assert first("place=Oslo") == [0, 2]
    assert first() == first("place=Nowhere") == first("gender=male")


def test_a_group_of_few_shoppers_is_not_looked_at(dataset) -> None:
    model = PopularByGroup(shrink=1.0).fit(dataset)
    assert b"place=Rome" not in model.group_.tolist()
    assert model.scores(("place=Rome",)).tolist() == model.scores(()).tolist()
    assert model.explain(Context(profile=("place=Lyon",)), 1).code == "popular"


def test_a_request_carries_what_the_shopper_told_unless_they_refused(dataset, tmp_path) -> None:
    kept = tmp_path / "history"
    long_term.learn(dataset, without=["s01"]).save(kept)
    history = long_term.LongTerm.load(kept)
    model = Model(1, "", PopularByGroup().fit(dataset), PRODUCTS.ids, history)

    def told(shopper_id: str, slot: str = "home") -> tuple[str, ...]:
        return context_of(Known(shopper_id=shopper_id), slot, model, 0).profile

    assert told("s00") == ("place=Lyon",)
    assert told("s03", "email") == ("age_band=25-34", "place=Lyon")
    assert told("s01") == told("stranger") == told("") == ()
    # Whoever looks at a product is answered by the product.
    assert told("s00", "product") == ()


def test_a_file_of_before_profiles_opens_as_one_without(dataset) -> None:
    columns = long_term.learn(dataset).columns()
    old = {name: columns[name] for name in ("shopper_ids", "start", "product", "count")}
    history = long_term.LongTerm.of_columns(old, PRODUCTS.ids, 0)
    assert history.profile_of("s00") == ()
    assert sorted(history.of("s00")[0].tolist()) == [0, 1]
