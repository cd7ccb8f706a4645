"""Whatever an operator asks of a slot: nothing is shown that the filter forbids, and the slot is full where enough may be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.algorithms.content import Content
from recommender.known.product_facts import ProductFacts
from recommender.slots import diversity, rotation
from recommender.slots.choosing import choose, ranked
from recommender.slots.diversity import LEAST
from recommender.slots.filters import Filter
from tests.factories.shelves import NOW, Given, an_ask, condition, holds, shares_of, shelves


@given(shelves(), condition, st.integers(-1, 39), st.data())
def test_a_filter_means_what_it_says(facts, text, this, data) -> None:
    this = min(this, len(facts) - 1)
    condition = Filter(text)
    expected = [holds(text, facts, row, this) for row in range(len(facts))]
    found = condition.holds(facts, slice(None), this=this, now_ms=NOW)
    assert found.tolist() == expected
    # And after a product changed, the others being remembered.
    row = data.draw(st.integers(0, len(facts) - 1))
    facts.set([facts.ids[row], 3.0, 1, True, facts.category_paths[0], "Other", 2, 0, "", ""])
    expected[row] = holds(text, facts, row, this)
    assert condition.holds(facts, slice(None), this=this, now_ms=NOW)[row] == expected[row]


@settings(max_examples=150)
@given(shelves(), condition, st.data())
def test_nothing_forbidden_is_shown_and_the_slot_is_full(facts, text, data) -> None:
    k = data.draw(st.integers(1, 12))
    this = data.draw(st.sampled_from(["", *facts.ids]))
    ids = data.draw(st.permutations([*facts.ids, "gone"]))[: data.draw(st.integers(0, 20))]
    exclude = data.draw(st.lists(st.sampled_from(facts.ids), max_size=3))
    boosts = data.draw(st.lists(st.tuples(condition, st.sampled_from([0.2, 3.0])), max_size=2))
    ask = an_ask(
        *(facts, list(ids), k, this),
        filter=text,
        boosts=[{"where": where, "factor": factor} for where, factor in boosts],
        rotation=data.draw(st.sampled_from([0.0, 0.4, 1.0])),
        diversity=data.draw(st.sampled_from([{}, {"category": 1}, {"brand": 2, "mmr": 0.5}])),
        pins=[[data.draw(st.sampled_from([*facts.ids, "gone"])), data.draw(st.integers(1, 14))] for _ in range(2)],
    )
    ask = replace(ask, exclude=exclude)
    may = {
        product_id
        for product_id, row in facts.row.items()
        if facts.active[row]
        and facts.stock[row] > 0
        and product_id not in (this, *exclude)
        and holds(text, facts, row, facts.row.get(this, -1))
    }
    choice = choose(ask)
    shown = [item.product_id for item in choice.items]
    assert len(shown) == len(set(shown)) == min(k, len(may))
    assert set(shown) <= may
    if k >= LEAST:
        # A cap is exceeded only where no product that may be shown has room: not in the pool, and in nothing that fills.
        caps = {name: most for name, most in ask.slot.diversity.items() if name != "mmr"}
        counts = Counter(key for each in shown for key in shares_of(each, facts, caps))
        pinned = Counter(
            key for item in choice.items if "pinned" in item.applied for key in shares_of(item.product_id, facts, caps)
        )
        if any(count > max(caps[key[0]], pinned[key]) for key, count in counts.items()):
            for left in may - set(shown):
                assert any(counts[key] >= caps[key[0]] for key in shares_of(left, facts, caps)), left
    # A pin in force stands at its place, or is said to be skipped.
    for pin in ask.slot.pins:
        if pin.position <= k and pin.product_id not in may:
            others = [other for other in ask.slot.pins if other.position == pin.position and other.product_id in may]
            assert pin.product_id in choice.skipped or others
    assert choose(ask) == choice or ask.slot.rotation == 0


def test_a_cap_holds_over_all_that_fills_a_slate() -> None:
    """The model knows tea alone; coffee sells best, and there is one cake and enough bread."""
    shelf = {"tea": 8, "coffee": 8, "cake": 1, "bread": 8}
    names = [f"{category}{number}" for category, count in shelf.items() for number in range(count)]
    sold = {"tea": 1, "coffee": 100, "cake": 50, "bread": 10}
    table = [(n, 1.0, 1, True, n.rstrip("0123456789"), "", sold[n.rstrip("0123456789")], 0, "", "") for n in names]
    facts = ProductFacts.of_rows(table, {})
    teas = [name for name in names if name.startswith("tea")]

    def shown(k: int, **wanted) -> list[str]:
        ask = an_ask(facts, teas, k, diversity={"category": 2}, **wanted)
        items = choose(ask).items
        scores = [item.score for item in items if "pinned" not in item.applied]
        assert scores == sorted(scores, reverse=True)
        return [item.product_id for item in items]

    seven = ["tea0", "tea1", "coffee0", "coffee1", "cake0", "bread0", "bread1"]
    assert shown(6) == seven[:6]
    assert shown(7) == seven
    # There is nothing else: then those of the slot that stood back, then what sells best.
    assert shown(10) == [*seven, "tea2", "tea3", "tea4"]
    assert shown(15) == [*seven, *teas[2:], "coffee2", "coffee3"]
    assert shown(6, pins=[["tea7", 3], ["coffee7", 1]]) == ["coffee7", "tea0", "tea7", "coffee0", "cake0", "bread0"]
    assert shown(5) == teas[:5], "a slate of fewer than six is not made to differ"
    inside = shown(8, filter='category == "tea"')
    assert inside == teas, "nothing else may be shown"


@given(shelves(), st.data())
def test_an_order_for_a_page_loses_nothing_and_adds_nothing(facts, data) -> None:
    given = data.draw(st.lists(st.sampled_from([*facts.ids, "gone"]), unique=True, max_size=30))
    ask = replace(an_ask(facts, [], 10, boosts=[{"where": "price < 10", "factor": 4}]), given=given)
    if given:
        assert sorted(item.product_id for item in ranked(ask)) == sorted(given)


def test_products_alike_by_their_words_stand_apart_though_no_fact_is_the_same() -> None:
    table = [(f"p{n}", 1.0, 1, True, f"c{n}", "", 0, 0, "", "") for n in range(8)]
    facts = ProductFacts.of_rows(table, {})
    words = Content()
    # The first four are one and the same by their words; the model does not know the last one.
    words.near_ = np.array(
        [[*(m for m in range(4) if m != n)] if n < 4 else [(n + 1) % 3 + 4] * 3 for n in range(7)], np.int32
    )
    words.like_ = np.where(np.arange(7)[:, None] < 4, 1.0, 0.1).astype(np.float32) * np.ones((7, 3), np.float32)
    model = SimpleNamespace(algorithm=words, row={f"p{n}": n for n in range(7)})
    ask = an_ask(facts, facts.ids, 6, diversity={"mmr": 0.6})
    ask = replace(ask, slot=replace(ask.slot, kind=Given(facts.ids)))
    ask.slot.kind.task = "home"
    assert [item.product_id for item in choose(ask).items] == facts.ids[:6], "by facts alone none is like another"
    apart = [item.product_id for item in choose(replace(ask, models={"home": model}.get)).items]
    assert apart[0] == "p0"
    assert set(apart[1:4]).isdisjoint({"p1", "p2", "p3"})


@given(shelves(), st.floats(0, 1), st.booleans(), st.data())
def test_marginal_relevance_is_that_of_the_formula(facts, weight, by_model, data) -> None:
    rows = data.draw(st.permutations(range(len(facts))))
    scores = sorted(data.draw(st.lists(st.floats(0.01, 1), min_size=len(rows), max_size=len(rows))), reverse=True)
    likeness = st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=len(rows), max_size=len(rows))
    cosine = [np.array(data.draw(likeness)) for _ in rows] if by_model else []

    def alike(one: int, other: int) -> float:
        paths = [facts.category_paths[int(facts.category[rows[each]])] for each in (one, other)]
        brands = [facts.brand[rows[each]] for each in (one, other)]
        common = 0.3 * (paths[0].partition("/")[0] == paths[1].partition("/")[0]) + 0.5 * (paths[0] == paths[1])
        common += 0.2 * (brands[0] == brands[1] != "")
        return common if not by_model or np.isnan(cosine[one][other]) else (common + cosine[one][other]) * 0.5

    k, expected = data.draw(st.integers(1, 12)), []
    while len(expected) < min(k, len(rows)):
        value = {
            at: (1 - weight) * scores[at] - weight * max([alike(before, at) for before in expected], default=0.0)
            for at in range(len(rows))
            if at not in expected
        }
        expected.append(max(value, key=value.__getitem__))
    expected += [at for at in range(len(rows)) if at not in expected]
    found = diversity.marginal(
        *(np.array(scores), np.array(rows), weight, facts, k), cosine.__getitem__ if by_model else None
    )
    assert found.tolist() == expected


@pytest.mark.parametrize("caps", [{"category": 1}, {"category": 1, "mmr": 0.1}])
def test_a_boosted_slot_keeps_its_caps(caps) -> None:
    table = [(f"p{n}", 1.0, 1, True, "food" if n < 6 else f"home{n}", "", 0, 0, "", "") for n in range(12)]
    facts = ProductFacts.of_rows(table, {})
    ask = an_ask(facts, facts.ids, 6, boosts=[{"where": 'category == "food"', "factor": 3}], diversity=caps)
    shown = [item.product_id for item in choose(ask).items]
    assert shown[0] == "p0"
    assert {"p1", "p2", "p3", "p4", "p5"}.isdisjoint(shown)


@pytest.mark.parametrize("strength", [0.1, 0.2])
def test_rotation_changes_with_the_visit_and_not_within_it(strength) -> None:
    table = [(f"p{n}", 1.0, 1, True, "food", "", 0, 0, "", "") for n in range(60)]
    facts = ProductFacts.of_rows(table, {})
    ask = an_ask(facts, facts.ids, 10, rotation=strength)
    orders = [tuple(i.product_id for i in choose(replace(ask, visit=f"v-1|s-{n}")).items) for n in range(20)]
    assert len(set(orders)) > 15
    assert orders[3] == tuple(item.product_id for item in choose(replace(ask, visit="v-1|s-3")).items)
    assert [i.product_id for i in choose(replace(ask, visit="")).items] == facts.ids[:10], "of no visit the best first"
    # The better ones are in front more often.
    places = [order.index("p0") if "p0" in order else 10 for order in orders]
    assert sum(places) / len(places) < 6


def test_the_chance_that_is_logged_is_how_often_rotation_gives_each_order() -> None:
    scores, draws = np.array([1.0, 0.7, 0.4]), 3_000
    came: Counter[tuple[int, ...]] = Counter()
    chance: dict[tuple[int, ...], float] = {}
    for seed in range(draws):
        order, chances = rotation.rotated(scores, 0.8, f"visit {seed}", 1)
        came[tuple(order.tolist())] += 1
        chance[tuple(order.tolist())] = float(chances.prod())
    assert len(came) == 6, "every order comes"
    assert sum(chance.values()) == pytest.approx(1), "of each place among those left: together that of the order"
    assert all(abs(came[order] / draws - chance[order]) < 0.03 for order in chance)
    order, chances = rotation.rotated(np.linspace(1, 0.1, 10), 0.8, "visit", 2)
    assert order[6:].tolist() == [6, 7, 8, 9], "three times the places are drawn for, the rest stays"
    assert chances[6:].tolist() == [1.0] * 4
