"""Whatever an operator asks of a slot: nothing is shown that the filter forbids, and the slot is full where enough may be."""

from __future__ import annotations

import ast
import json
import operator
import uuid
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.algorithms.content import Content
from recommender.experiments.drafting import drafted
from recommender.exploration.mixing import _chance
from recommender.known.contexts import Known
from recommender.known.product_facts import ProductFacts
from recommender.slates.slate import Reason
from recommender.slots import diversity, exploring, hardly_shown, rotation
from recommender.slots.choosing import choose, ranked
from recommender.slots.diversity import LEAST
from recommender.slots.filters import Filter
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask, Pool, SlotType
from shop.catalogue.changes import LAST

DAY_MS = 86_400_000
NOW = 20_000 * DAY_MS
CATEGORIES = ("food", "food/tea", "food/tea/green", "foods", "home")
BRANDS = ("", "Nido", "Sunday Table")


class Given:
    """A type that proposes these products."""

    name, task, fills, waives, ranks = "given", "", True, frozenset(), True
    explores, explores_unasked = True, False

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids

    may_explore = SlotType.may_explore

    def pool(self, ask: Ask) -> Pool:
        ids = list(ask.given) or self.ids
        return Pool(ids, [1 - n / len(ids) for n in range(len(ids))], lambda position: (Reason("session"), "given"))


product = st.tuples(
    st.integers(0, 40),  # price
    st.integers(0, 2),  # stock
    st.booleans(),
    st.sampled_from(CATEGORIES),
    st.sampled_from(BRANDS),
    st.integers(0, 9),  # units sold
    st.integers(0, 90),  # age
    st.dictionaries(  # attributes
        st.sampled_from(["colour", "weight"]),
        st.one_of(st.sampled_from(["red", "blue"]), st.integers(0, 3), st.booleans()),
    ),
)
ABSENT = object()


@st.composite
def shelves(draw):
    rows = draw(st.lists(product, min_size=1, max_size=40))
    table = [
        (f"p{n}", float(price), stock, active, category, brand, sold, NOW - age * DAY_MS, "", "", *LAST[:-1], held)
        for n, (price, stock, active, category, brand, sold, age, attributes) in enumerate(rows)
        for held in [json.dumps(attributes)]
    ]
    return ProductFacts.of_rows(table, {})


number = st.one_of(st.integers(0, 40).map(str), st.sampled_from(["this.price", "this.price * 0.8", "age", "stock + 1"]))
sign = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
atom = st.one_of(
    st.tuples(st.sampled_from(["price", "stock", "units_sold", "age"]), sign, number).map(" ".join),
    st.sampled_from(CATEGORIES).map('category in "{}"'.format),
    st.sampled_from(CATEGORIES).map('category == "{}"'.format),
    st.sampled_from(BRANDS).map('brand != "{}"'.format),
    st.sampled_from(
        [
            *('attributes.colour == "red"', 'attributes.colour != "blue"', "attributes.colour in ['red', 'blue']"),
            *("attributes.weight < 2", "attributes.weight >= price", "attributes.weight == true"),
            *("attributes.weight != false", "attributes.weight <= this.attributes.weight"),
            *("attributes.colour == this.attributes.colour", "attributes.weight != this.attributes.weight"),
        ]
    ),
    st.sampled_from(["brand == this.brand", "category in this.department", "this", "brand not in ['Nido', 'Other']"]),
)
condition = st.recursive(
    atom,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map("not ({})".format),
    ),
    max_leaves=4,
)


class Meaning:
    """The plain meaning of a condition for one product; what needs a product in view is unknown (None) without one."""

    SIGNS = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq}

    def __init__(self, facts: ProductFacts, row: int, this: int) -> None:
        self.facts, self.row, self.this = facts, row, this

    def fact(self, name: str, row: int):
        facts = self.facts
        path = facts.category_paths[int(facts.category[row])]
        if name in ("price", "stock", "units_sold"):
            return float(getattr(facts, name)[row])
        age = (NOW - int(facts.created_ms[row])) / DAY_MS
        return {"category": path, "department": path.partition("/")[0], "brand": facts.brand[row], "age": age}[name]

    def of(self, node: ast.AST):
        return getattr(self, type(node).__name__)(node)

    def Constant(self, node):
        return node.value

    def List(self, node):
        return [self.of(each) for each in node.elts]

    def Name(self, node):
        if node.id in ("true", "false"):
            return node.id == "true"
        return self.this >= 0 if node.id == "this" else self.fact(node.id, self.row)

    def Attribute(self, node):
        bag = ast.unparse(node.value)
        if bag == "attributes" or (bag == "this.attributes" and self.this >= 0):
            row = self.row if bag == "attributes" else self.this
            return json.loads(self.facts.attributes[row]).get(node.attr, ABSENT)
        return self.fact(node.attr, self.this) if self.this >= 0 else None

    def BinOp(self, node):
        left, right = self.of(node.left), self.of(node.right)
        return None if left is None else left * right if isinstance(node.op, ast.Mult) else left + right

    def UnaryOp(self, node):
        inner = self.of(node.operand)
        return None if inner is None else not inner

    def BoolOp(self, node):
        found, sure = [self.of(each) for each in node.values], isinstance(node.op, ast.Or)
        return sure if sure in found else None if None in found else not sure

    def Compare(self, node):
        (op,), left, right = node.ops, self.of(node.left), self.of(node.comparators[0])
        if left is None or right is None:
            return None
        if isinstance(op, ast.In | ast.NotIn):
            among, tree = [right] if isinstance(right, str) else right, getattr(node.left, "id", "") == "category"
            inside = any(left == each or (tree and left.startswith(f"{each}/")) for each in among)
            return inside is isinstance(op, ast.In)
        # A kind of another sort is as good as nothing: only "!=" holds.
        if ABSENT in (left, right) or kind(left) is not kind(right):
            return isinstance(op, ast.NotEq)
        ordered = isinstance(op, ast.Eq | ast.NotEq) or kind(left) is float
        return left != right if isinstance(op, ast.NotEq) else ordered and self.SIGNS[type(op)](left, right)


def kind(value) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float


def holds(text: str, facts: ProductFacts, row: int, this: int) -> bool:
    return Meaning(facts, row, this).of(ast.parse(text, mode="eval").body) is True


def an_ask(facts: ProductFacts, ids: list[str], k: int, this: str = "", **wanted) -> Ask:
    slot = replace(ServedSlot.of({"name": "test", "type": "for_you", **wanted}), kind=Given(ids))
    return Ask(slot, Known(product_id=this), facts, lambda task: None, NOW, k, visit="v-1|s-1", depth=slot.depth(facts))


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


def shares_of(product_id: str, facts: ProductFacts, caps) -> list[tuple[str, str]]:
    """What a product takes a share of: its category, its brand if it has one."""
    row = facts.row[product_id]
    keys = [("category", facts.category_paths[int(facts.category[row])]), ("brand", facts.brand[row])]
    return [(name, of) for name, of in keys if name in caps and of]


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
