"""The guard: hardly shown products get their share of places with the probability that is logged; the catalogue stays in view."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.feedback_loop import ARMS, Plan, run, summary
from recommender.dataset.interactions import from_sessions
from recommender.dataset.kinds import Kind
from recommender.dataset.products import Products
from recommender.explanations.replaying import replay
from recommender.explanations.telling import applied_words
from recommender.exploration.debiasing import boost_of, debiased
from recommender.exploration.mixing import draw_places
from recommender.known import facts
from recommender.known.contexts import Known
from recommender.models import ImpressionDay, Slate
from recommender.serving import recommend
from recommender.slates import impressions, slate_log
from recommender.slots import exploring, hardly_shown, saving, snapshot
from recommender.slots.choosing import choose
from recommender.slots.models import Slot
from recommender.slots.types import TYPES
from recommender.slots.types.base import Ask
from shop.events import recording
from shop.events.consumers import Runner
from shop.models import Category, Product
from shop.valkey import client
from tests.factories.catalogue import make_product

SMALL = Plan(products=160, at_first=120, shoppers=300, visits=100, rounds=20, fewest=20, window=8)


def test_without_the_guard_the_catalogue_collapses_and_with_it_not():
    """A small shop that learns from its own traffic twenty times; docs/explanation/feedback-loop.md has the long run."""
    arms = {name: ARMS[name] for name in ("no guard", "guard")}
    found = summary({name: [rows] for name, rows in run(SMALL, arms).items()}, last=5)
    assert found["guard"]["coverage"] > 0.95
    assert found["guard"]["coverage"] > found["no guard"]["coverage"] + 0.1
    assert found["guard"]["gini"] < found["no guard"]["gini"]
    assert found["guard"]["unseen"] == 0
    assert found["guard"]["value"] > 0.9 * found["no guard"]["value"], "what exploring costs stays small"


@given(
    st.integers(1, 8),
    st.integers(0, 12),
    st.floats(0, 1),
    st.sets(st.integers(0, 7), max_size=3),
    st.integers(0, 2**32),
)
def test_places_that_are_given_away_are_free_ones_and_no_more_than_there_are_products(places, pool, share, fixed, seed):
    drawn = draw_places(places, fixed, share, Random(seed), pool)
    assert set(drawn.places) <= set(range(places)) - fixed
    assert len(set(drawn.places)) == len(drawn.places) <= pool
    assert 0 <= drawn.chance <= 1


@pytest.mark.parametrize(("pool", "share"), [(10, 0.2), (2, 0.6)], ids=["enough", "fewer than places"])
def test_the_stated_chance_is_how_often_a_place_is_given_away(pool, share):
    rng, draws = Random(5), 20_000
    drawn = [draw_places(5, {0}, share, rng, pool) for _ in range(draws)]
    given, (chance,) = Counter(place for each in drawn for place in each.places), {each.chance for each in drawn}
    assert set(given) == {1, 2, 3, 4}
    for place in given:
        assert given[place] / draws == pytest.approx(chance, abs=5 * np.sqrt(chance * (1 - chance) / draws))
    assert 4 * chance / 5 == pytest.approx(share) if pool >= 4 else 4 * chance / 5 < share


def test_clicks_on_what_is_shown_often_count_less_within_bounds():
    boost = boost_of(np.array([0, 10, 100, 1_000, 100_000]))
    assert boost.tolist() == sorted(boost.tolist(), reverse=True)
    assert boost[0] == pytest.approx(3)
    assert boost[-1] == pytest.approx(1 / 3)
    assert boost_of(np.zeros(3, np.int64)).tolist() == [1, 1, 1]
    assert boost_of(np.array([1, 50]), power=0).tolist() == [1, 1]


@pytest.fixture
def shelf(db):
    for number in range(30):
        make_product(id=f"p{number}", units_sold=10 * number)


def shown(times: int, visitor: str = "") -> Counter[str]:
    return Counter(
        item.product_id
        for n in range(times)
        for item in recommend("home", visitor_id=visitor or f"visitor-{n}", k=5).items
    )


def test_impressions_are_counted_once_and_what_was_shown_often_is_not_explored(shelf, clock, settings):
    often = shown(3)
    Runner(slate_log.SlateConsumer()).drain()
    clock.advance(seconds=90)
    assert impressions.count() == 5
    assert impressions.count() == 0
    assert dict(ImpressionDay.objects.values_list("product_id", "shown")) == dict(often) == dict.fromkeys(often, 3)
    settings.EXPLORATION_SHARE, settings.EXPLORATION_BELOW = 0.5, 3
    hardly_shown.load(facts.current())
    ids = facts.current().ids
    assert {ids[row] for row in facts.current().hardly.all} == set(ids) - set(often), "three times is no more hardly"
    slates = [recommend("home", k=5) for _ in range(60)]
    explored = [item for slate in slates for item in slate.items if item.source == exploring.SOURCE]
    assert {item.product_id for item in explored}.isdisjoint(often)
    assert len({item.product_id for item in explored}) > 15
    # 0.5 of 300 places, five standard deviations.
    assert 105 < len(explored) < 195
    assert all(slate.items[0].product_id == "p29" for slate in slates), "the first place is kept"
    assert {item.applied["explored"] for item in explored} == {0.025}, "5/8 of a place over 25 products"
    kept = [item for slate in slates for item in slate.items[1:] if item.source != exploring.SOURCE]
    assert {item.applied["kept"] for item in kept} == {0.375}, "the other 3/8"
    Runner(slate_log.SlateConsumer()).drain()
    clock.advance(seconds=90)
    impressions.count()
    assert sum(ImpressionDay.objects.values_list("explored", flat=True)) == len(explored)


@pytest.mark.parametrize("taken", [False, True], ids=["nobody took it", "who took it died"])
def test_slates_that_are_written_late_are_counted_all_the_same(shelf, clock, taken):
    consumer = Runner(slate_log.SlateConsumer(), claim_after_ms=0)
    consumer.drain()
    late = shown(2)
    if taken:
        client().xreadgroup("slates", "dead", {slate_log.STREAM: ">"})
    clock.advance(hours=3)
    more = shown(1, "visitor-9")
    assert impressions.count() == 0
    consumer.drain()
    clock.advance(seconds=90)
    impressions.count()
    assert dict(ImpressionDay.objects.values_list("product_id", "shown")) == dict(late + more)


def test_a_visit_sees_the_same_places_explored(shelf, settings):
    settings.EXPLORATION_SHARE = 1.0
    ask = Ask(snapshot.get("home"), Known(), facts.current(), lambda task: None, 0, 5, visit="somebody's visit")
    first, again, other = (
        exploring.guarded(each, choose(each)).items for each in (ask, ask, replace(ask, visit="another"))
    )
    assert first == again != other
    assert {item.source for item in first[1:]} == {exploring.SOURCE}


def test_no_request_looks_for_what_is_hardly_shown_and_what_is_new_counts_at_once(
    shelf, settings, django_capture_on_commit_callbacks
):
    settings.EXPLORATION_SHARE = 1.0
    held = facts.load().hardly
    assert (held.products, len(held.all)) == (30, 30), "found before the facts serve"
    recommend("home", k=5)
    assert facts.current().hardly is held
    with django_capture_on_commit_callbacks(execute=True):
        make_product(id="late", category=Category.objects.create(slug="late", path="late", name_en="Late"))
        make_product(id="later", category=Product.objects.get(pk="p3").category)
    explored = [item.product_id for _ in range(60) for item in recommend("home", k=5).items]
    assert "later" in explored
    now = facts.current().hardly
    assert now.exposure is held.exposure
    anew = facts.load().hardly
    ids, code = facts.current().ids, facts.current().category_row
    assert sorted(now.all) == sorted(anew.all)
    assert sorted(map(len, now.by_category.values())) == sorted(map(len, anew.by_category.values()))
    assert now.is_hardly == anew.is_hardly
    assert {ids[row] for row in anew.by_category[code["late"]]} == {"late"}


def test_each_type_that_guesses_explores_by_its_slots_share_and_those_of_facts_do_not(
    clock, shelf, settings, django_capture_on_commit_callbacks
):
    clock.advance(days=3)
    late = [make_product(id=f"late{n}", created_at=clock()).pk for n in range(12)]
    facts.load()

    def explored(kind: str, share: float | None) -> set[str]:
        name = kind.replace("_", "-")
        slot = Slot.objects.filter(name=name).first() or Slot(name=name)
        slot.type, slot.exploration, slot.filter = kind, share, ""
        with django_capture_on_commit_callbacks(execute=True):
            saving.save(slot, actor=None)
        items = [i for n in range(6) for i in recommend(name, visitor_id=f"visitor-{n}", product_id="p3", k=5).items]
        return {item.product_id for item in items if item.source == exploring.SOURCE}

    settings.EXPLORATION_SHARE = 0.5
    unasked = {kind for kind in TYPES if not TYPES.get(kind).ranks and explored(kind, None)}
    assert unasked == {"for_you", "similar", "bought_together", "cart_complements", "trending", "new"}
    assert explored("email_digest", 0.5)
    assert explored("new", None) <= set(late), "what is explored keeps the promise of its row"
    assert not explored("trending", 0)
    settings.EXPLORATION_SHARE = 0.0
    assert explored("trending", 0.5)
    with pytest.raises(ValidationError, match="explores nothing"):
        explored("recently_viewed", 0.5)
    with pytest.raises(ValidationError, match="exploration"):
        explored("trending", 0.6)


def test_rules_hold_for_what_is_explored(shelf, settings):
    settings.EXPLORATION_SHARE = 1.0
    out = {f"p{n}" for n in range(10)}
    for n in range(10, 20):
        make_product(id=f"q{n}", stock=0)
    facts.load()
    for n in range(20):
        slate = recommend("home", visitor_id=f"visitor-{n}", exclude=out, k=10)
        found = [item.product_id for item in slate.items]
        assert len(set(found)) == len(found) == 10
        assert out.isdisjoint(found)
        assert not [product_id for product_id in found if product_id.startswith("q")]


def test_the_slots_filter_holds_for_what_is_explored(shelf, settings, django_capture_on_commit_callbacks):
    settings.EXPLORATION_SHARE = 1.0
    slot = Slot.objects.get(name="home")
    slot.filter = "units_sold >= 10 and age >= 0"
    with django_capture_on_commit_callbacks(execute=True):
        saving.save(slot, actor=None)
    inside = {product_id for product_id, sold in Product.objects.values_list("pk", "units_sold") if sold >= 10}
    explored = 0
    for n in range(20):
        items = recommend("home", visitor_id=f"visitor-{n}", k=5).items
        assert {item.product_id for item in items} <= inside
        explored += sum(item.source == exploring.SOURCE for item in items)
    assert explored > 40, "places are still given to what is hardly shown and passes"


@pytest.mark.django_db
def test_a_slate_with_explored_places_is_explained_as_it_was(shop, settings):
    settings.EXPLORATION_SHARE = 0.75
    explored = []
    # A visit may draw no place at all: one of twelve is not all of them.
    for number in range(12):
        recording.record("product_viewed", visitor_id=f"visitor-{number}", product_id="tea")
        recommend("home", visitor_id=f"visitor-{number}", k=6)
    Runner(slate_log.SlateConsumer()).drain()
    for slate in Slate.objects.all():
        told = replay(slate)
        assert told.reproduced, told.lost
        explored += [part for part in told.explanation.parts if part.source == exploring.SOURCE]
    assert explored
    assert all(applied_words(part.applied).startswith("a place for what is hardly shown") for part in explored)


def test_a_training_weighs_clicks_by_what_was_shown(shelf, clock, settings):
    dataset = from_sessions([[0, 1]], Products.of(["p0", "p1"]), kind=Kind.CLICK)
    assert debiased(dataset) is dataset, "nothing was shown yet"
    day = (clock() - timedelta(days=1)).date()
    ImpressionDay.objects.create(day=day, product_id="p0", shown=900)
    ImpressionDay.objects.create(day=day, product_id="p1", shown=100)
    weights = debiased(dataset).weight
    assert 0 < weights[0] < 1 < weights[1]
    looked_at = from_sessions([[0, 1]], Products.of(["p0", "p1"]), kind=Kind.VIEW)
    assert debiased(looked_at).weight.tolist() == [1, 1], (
        "what somebody found themselves is no matter of what was shown"
    )
    settings.EXPOSURE_POWER = 0
    assert debiased(dataset).weight.tolist() == [1, 1]
    assert not Slate.objects.exists()
