"""What chance explores and what the arms of an experiment draft obey the slot's rules too, with the probability that is logged."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.experiments.drafting import drafted
from recommender.exploration.mixing import _chance
from recommender.known.product_facts import ProductFacts
from recommender.slots import exploring, hardly_shown
from recommender.slots.choosing import choose
from recommender.slots.diversity import LEAST
from tests.factories.shelves import BRANDS, an_ask, condition, holds, shares_of, shelves

CAPS = [{}, {"category": 1}, {"category": 2}, {"brand": 1}, {"category": 3, "brand": 2}]


@given(shelves(), condition, st.data())
def test_drafted_slates_obey_and_are_full_too(facts, text, data) -> None:
    """Arms that differ in what they propose, and perhaps in caps and pins."""
    k = data.draw(st.integers(LEAST, 12))
    pins = data.draw(st.sampled_from([[], [[facts.ids[0], 2]]]))
    caps = [data.draw(st.sampled_from(CAPS[1:])) for _ in range(data.draw(st.integers(1, 2)))] * 2
    asks = []
    for wanted in caps[:2]:
        ids = list(data.draw(st.permutations(facts.ids)))[: data.draw(st.integers(0, 20))]
        asks.append(an_ask(facts, ids, k, filter=text, diversity=wanted, pins=pins))
    choices = [choose(ask) for ask in asks]
    slate_id = uuid.UUID(int=data.draw(st.integers(0, 2**128 - 1)))
    choice = drafted("ab", asks, choices, k, slate_id)
    assert drafted("ab", asks, choices, k, slate_id) == choice
    shown = [item.product_id for item in choice.items]
    may = {each for each, row in facts.row.items() if facts.can_be_bought(each) and holds(text, facts, row, -1)}
    assert len(shown) == len(set(shown)) == min(k, len(may))
    assert set(shown) <= may
    of_all = {
        name: max(ask.slot.diversity[name] for ask in asks)
        for name in ("category", "brand")
        if all(name in ask.slot.diversity for ask in asks)
    }
    counts = Counter(key for each in shown for key in shares_of(each, facts, of_all))
    pinned = Counter(key for each in shown if pins and each == pins[0][0] for key in shares_of(each, facts, of_all))
    if any(count > max(of_all[key[0]], pinned[key]) for key, count in counts.items()):
        for left in may - set(shown):
            assert any(counts[key] >= of_all[key[0]] for key in shares_of(left, facts, of_all)), left


def test_a_drafted_slate_has_no_more_of_a_category_than_either_arm_would_show() -> None:
    of = ["tea", "cake"] * 3 + ["bread", "jam"] * 4
    table = [(f"p{n}", 1.0, 1, True, of[n], "", 20 - n, 0, "", "") for n in range(14)]
    facts = ProductFacts.of_rows(table, {})
    # Both like tea and cake best, each other ones.
    likes = ["p0", "p1", "p6", "p7", "p8", "p9"], ["p2", "p3", "p4", "p5", "p10", "p11", "p12"]
    asks = [an_ask(facts, list(ids), 8, diversity={"category": 2}) for ids in likes]
    teams = Counter()
    for number in range(40):
        items = drafted("ab", asks, [choose(ask) for ask in asks], 8, uuid.UUID(int=number)).items
        assert set(Counter(of[facts.row[item.product_id]] for item in items).values()) == {2}
        teams.update(item.team for item in items)
    assert abs(teams["a"] - teams["b"]) < 40, "whoever is refused, neither is refused more"


@given(shelves(), st.one_of(st.just(""), condition), st.data())
def test_what_is_explored_is_inside_and_has_the_probability_that_is_logged(facts, text, data) -> None:
    hardly_shown.forget()
    k, share = data.draw(st.integers(2, 9)), data.draw(st.sampled_from([0.05, 0.3, 0.5]))
    this = data.draw(st.sampled_from(["", *facts.ids]))
    exclude = data.draw(st.lists(st.sampled_from(facts.ids), max_size=3))
    diversity = data.draw(st.sampled_from(CAPS))
    pins = [[product_id, place] for place, product_id in enumerate(data.draw(st.sampled_from([[], facts.ids[-2:]])), 3)]
    ask = an_ask(facts, facts.ids, k, this, filter=text, exploration=share, diversity=diversity, pins=pins)
    ask = replace(ask, exclude=exclude)
    choice = choose(ask)
    standing = [item.product_id for item in choice.items]
    exploring.guarded(ask, choice)
    # Gone since they were counted.
    for product_id in {*data.draw(st.lists(st.sampled_from(facts.ids), max_size=3))} - {*standing}:
        facts.remove(product_id)
    about = {facts.category[facts.row[product_id]] for product_id in standing}
    free = [place for place, item in enumerate(choice.items) if place and "pinned" not in item.applied]
    caps = diversity if k >= LEAST else {}
    may = {
        product_id
        for product_id, row in facts.row.items()
        if facts.can_be_bought(product_id)
        and product_id not in (this, *exclude, *standing)
        and (not text or holds(text, facts, row, facts.row.get(this, -1)))
    }
    has_room = {each: [room_of(each, place, standing, free, facts, caps) for place in free] for each in may}
    may = {product_id for product_id in may if any(has_room[product_id])}
    near = {product_id for product_id in may if facts.category[facts.row[product_id]] in about}
    pool = near if len(near) > len(standing) else may
    given_away, mean = 0.0, 1.0
    if pool and free and len(standing) > 1:
        mean = sum(sum(has_room[each]) for each in pool) / len(pool) / len(free)
        given_away = _chance(min(1.0, share / mean * len(standing) / len(free)), len(free), len(pool))
    before = Counter(key for each in standing for key in shares_of(each, facts, caps))
    for visit in range(6):
        items = exploring.guarded(replace(ask, visit=f"v-1|{visit}"), choice).items
        shown = [item.product_id for item in items]
        assert len(shown) == len(set(shown)) == len(standing)
        after = Counter(key for each in shown for key in shares_of(each, facts, caps))
        assert all(count <= max(caps[key[0]], before[key]) for key, count in after.items()), "a cap is exceeded"
        for place, item in enumerate(items):
            number = free.index(place) if place in free else None
            if item.source == exploring.SOURCE:
                assert item.product_id in pool
                expected = given_away / len(pool) * has_room[item.product_id][number]
                assert item.applied["explored"] == pytest.approx(expected, abs=1e-8)
            else:
                assert item.product_id == standing[place]
                fits = sum(has_room[each][number] for each in pool) / len(pool) if pool and number is not None else 0
                assert 1 - item.applied.get("kept", 1.0) == pytest.approx(given_away * fits, abs=2e-6)


def room_of(product_id: str, place: int, standing: list[str], free: list[int], facts, caps) -> float:
    """With which chance caps let a product stand at a place: one of its kind makes room; else as far as there is room left."""
    chance = 1.0
    for key in shares_of(product_id, facts, caps):
        held = [key in shares_of(each, facts, caps) for each in standing]
        others = [each for each in free if not held[each]]
        if place in others:
            chance *= min(max(caps[key[0]] - sum(held), 0), len(others)) / len(others)
    return chance


@pytest.mark.parametrize("text", ["", 'id != "p7"'])
@pytest.mark.parametrize("diversity", [{}, {"category": 2}, {"category": 2, "brand": 3}])
def test_products_stand_where_they_do_as_often_as_is_logged(diversity, text) -> None:
    hardly_shown.forget()
    of = ["food", "home", "tea"] * 6 if diversity else ["food"] * 14 + ["home"] * 2
    table = [(f"p{n}", 1.0, 1, n != 9, of[n], BRANDS[n % 3], 40 - n, 0, "", "") for n in range(16)]
    facts, visits, k = ProductFacts.of_rows(table, {}), 3_000, 6 if diversity else 4
    ask = an_ask(facts, [f"p{n}" for n in range(k)], k, filter=text, exploration=0.2, diversity=diversity)
    choice, stood, said = choose(ask), Counter(), {}
    for visit in range(visits):
        for place, item in enumerate(exploring.guarded(replace(ask, visit=f"v|{visit}"), choice).items):
            stood[place, item.product_id] += 1
            said[place, item.product_id] = item.applied.get("explored") or item.applied.get("kept", 1.0)
    names = {product_id for _, product_id in said}
    assert names == {f"p{n}" for n in range(16 if diversity else 14) if n != 9 and not (text and n == 7)}
    for pair, probability in said.items():
        error = 5 * (probability * (1 - probability) / visits) ** 0.5 + 1e-12
        assert stood[pair] / visits == pytest.approx(probability, abs=error)
    explored = sum(count for (place, name), count in stood.items() if name != choice.items[place].product_id)
    assert explored / (k * visits) == pytest.approx(0.2, abs=0.02), "the share that is stated, caps or not"


def test_what_moved_to_a_category_that_is_full_is_not_explored_for_the_one_it_left() -> None:
    hardly_shown.forget()
    table = [(f"p{n}", 1.0, 1, True, "tea" if n % 2 else "cake", "", 90 - n, 0, "", "") for n in range(60)]
    facts = ProductFacts.of_rows(table, {})
    ask = an_ask(facts, facts.ids[:6], 6, exploration=0.5, diversity={"category": 3})
    choice = choose(ask)
    exploring.guarded(ask, choice)
    for row in range(30, 60, 2):
        facts.set([f"p{row}", 1.0, 1, True, "tea", "", 90 - row, 0, "", ""])
    explored = 0
    for visit in range(60):
        items = exploring.guarded(replace(ask, visit=f"v|{visit}"), choice).items
        assert Counter(facts.category[facts.row[item.product_id]] for item in items).most_common(1)[0][1] == 3
        explored += sum(item.source == exploring.SOURCE for item in items)
    assert explored > 60


def test_a_pinned_product_is_never_given_away() -> None:
    hardly_shown.forget()
    table = [(f"p{n}", 1.0, 1, True, "food", "", 0, 0, "", "") for n in range(30)]
    facts = ProductFacts.of_rows(table, {})
    ask = an_ask(facts, facts.ids[:6], 6, exploration=0.5, pins=[["p20", 3]])
    choice = choose(ask)
    slates = [exploring.guarded(replace(ask, visit=f"v|{visit}"), choice).items for visit in range(40)]
    assert {(items[2].product_id, items[2].source) for items in slates} == {("p20", "pinned")}
    assert all("kept" not in items[2].applied for items in slates)
    assert sum(item.source == exploring.SOURCE for items in slates for item in items) > 60
