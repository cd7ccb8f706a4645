"""Rules and variety take a short way for most candidates: what they let through, and what they note, is as if each was asked."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.known.contexts import Known
from recommender.known.product_facts import ProductFacts
from recommender.slates import slate_log
from recommender.slates.models import Slate as SlateRow
from recommender.slates.rules import RULES, Asked, Removed, allowed
from recommender.slates.slate import Reason, Slate, SlateItem
from recommender.slates.slate_ids import new_slate_id
from recommender.slots import diversity
from shop.events.consumers import Runner
from shop.models import PoisonEvent
from shop.valkey import Trip

IDS = [f"p-{number}" for number in range(8)]
some_ids = st.lists(st.sampled_from([*IDS, "p-gone"]), max_size=4)


def never_the_last(product_id: str, asked: Asked) -> bool:
    return product_id == IDS[-1]


@st.composite
def facts_of_products(draw) -> ProductFacts:
    rows = [
        (
            name,
            1.0,
            draw(st.integers(0, 1)),
            draw(st.booleans()),
            draw(st.sampled_from("abc")),
            draw(st.sampled_from(["", "x", "y"])),
        )
        for name in IDS
    ]
    facts = ProductFacts.of_rows([(*row, 5, 0, row[0], "") for row in rows], {})
    for name in draw(some_ids):
        # As a change is told; and some are deleted.
        facts.set([name, 1.0, draw(st.integers(0, 1)), draw(st.booleans()), "a", "x", 5, 0, name, ""])
    for name in draw(st.lists(st.sampled_from(IDS), max_size=1)):
        facts.remove(name)
    return facts


@settings(max_examples=150, deadline=None)
@given(
    facts_of_products(),
    some_ids,
    some_ids,
    some_ids,
    some_ids,
    st.sampled_from(["", *IDS]),
    st.sets(st.sampled_from(RULES)),
)
def test_a_candidate_passes_where_every_rule_lets_it(facts, exclude, cart, bought, seen, view, waived) -> None:
    rules = (*(rule for rule in RULES if rule not in waived), never_the_last)
    # A slot that shows what is gone cannot look at its stock.
    rules = rules if RULES[0] in rules else (RULES[0], *rules)
    known = Known(product_id=view, seen=seen, in_cart=cart, bought=bought)
    asked, removed = Asked.of(facts, known, exclude, rules), Removed()
    plainly: dict[str, list[str]] = {}
    for name in [*IDS, "p-gone"]:
        first = next((rule.__name__ for rule in rules if rule(name, asked)), None)
        if first:
            plainly.setdefault(first, []).append(name)
        assert allowed(name, asked, removed) is (first is None)
    assert removed.by_rule == plainly


@settings(max_examples=100, deadline=None)
@given(facts_of_products(), st.permutations(IDS), st.integers(0, 3), st.integers(0, 3))
def test_what_has_its_share_waits_behind_the_others(facts, order, of_category, of_brand) -> None:
    caps = {"category": of_category, "brand": of_brand}
    assert diversity.Shares.of(caps, facts, 5) is None, "a slate of fewer than six is not made to differ"
    shares = diversity.Shares.of(caps, facts, 6)
    assert (shares is None) == (caps == {"category": 0, "brand": 0})
    if shares is None:
        return
    waiting: list[tuple[int, str]] = []
    found = [name for _, name in shares.within(enumerate(order), waiting)]
    shown: Counter = Counter()
    first, behind = [], []
    for name in order:
        row = facts.row[name]
        keys = [("category", int(facts.category[row]))] * bool(of_category)
        keys += [("brand", facts.brand[row] or name)] * bool(of_brand)
        if all(shown[key] < caps[key[0]] for key in keys):
            shown.update(keys)
            first.append(name)
        else:
            behind.append(name)
    assert (found, [name for _, name in waiting]) == (first, behind)
    # All that stood back did so for want of room: of a whole catalogue they are left out at once.
    assert not len(shares.open_to(np.array([facts.row[name] for name in behind], np.int64)))
    fresh = diversity.Shares(of_category, of_brand, facts)
    fresh.count(first[:1])
    left = [facts.row[name] for name in order[1:]]
    # Asked of each by itself, with the first one counted.
    alone = [row for row in left if list(_with_first(fresh, first).within([(0, facts.ids[row])], []))]
    assert fresh.open_to(np.array(left, np.int64)).tolist() == alone


def _with_first(shares: diversity.Shares, first: list[str]) -> diversity.Shares:
    again = diversity.Shares(shares.most_of_category, shares.most_of_brand, shares.facts)
    again.count(first[:1])
    return again


@pytest.mark.django_db(transaction=True)
def test_a_logged_slate_becomes_a_row_and_what_is_none_is_set_aside() -> None:
    items = (SlateItem("p-1", 0.25, Reason("viewed", {"because": "茶 \"'%"}), "ranked"),)
    slate = Slate(
        new_slate_id(),
        "home",
        items,
        "ranked-3",
        "default",
        False,
        Reason("for_you"),
        False,
        {"inactive": 2},
        {"seen": ["p-2"]},
    )
    slate_log.write([(slate, "v-" + "x" * 80, "s-1"), (slate, "v-1", "s-1")])
    trip = Trip()
    trip.xadd(slate_log.STREAM, {"e": b'{"id": "no uuid"}'}, maxlen=10)
    trip.execute()
    Runner(slate_log.SlateConsumer()).drain()
    row = SlateRow.objects.get()
    assert (row.pk, row.slot, row.visitor_id, row.shopper_id) == (slate.slate_id, "home", ("v-" + "x" * 80)[:64], "s-1")
    assert (row.model, row.variant, row.fallback, row.known) == ("ranked-3", "default", False, False)
    assert row.items[0]["params"] == {"because": "茶 \"'%"}
    assert row.context["removed"] == {"inactive": 2}
    assert row.context["from"] == {"seen": ["p-2"]}
    assert abs(row.at.timestamp() - (slate.slate_id.int >> 80) / 1000) < 60
    assert "no uuid" in PoisonEvent.objects.get().body
