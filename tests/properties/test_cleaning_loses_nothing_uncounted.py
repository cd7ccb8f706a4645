"""Cleaning: what is read is kept or dropped by a named rule; clean rows stay as they are; the order of chunks never shows."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.dataset.cleaning import RULES, Act, clean
from recommender.dataset.kinds import Kind
from tests.factories.rows import a_row, frame

SECOND = 1_000
amounts = st.one_of(st.just(float("nan")), st.integers(-3, 40).map(float), st.sampled_from([0.01, 2.5, 1e5, 1e9]))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(1, 400).map("e-{}".format),
            "visitor": st.sampled_from(["v-1", "v-1", "v-2", "v-3", ""]),
            "shopper": st.sampled_from(["", "", "s-1"]),
            "product": st.sampled_from(["p-1", "p-2", "p-3", ""]),
            "kind": st.sampled_from(list(Kind)),
            "at": st.integers(0, 600).map(lambda n: n * 500),
            "late": st.sampled_from([0, 0, 0, -10 * 60 * SECOND, 700, 2 * 86_400 * SECOND]),
            "quantity": amounts,
            "value": amounts,
            "agent": st.sampled_from(["", "", "", "", "", "Mozilla/5.0", "Googlebot/2.1"]),
        }
    ).map(lambda fields: a_row(**fields)),
    max_size=120,
)
# A few people who go fast, so that limits of speed and length are met.
fast = st.lists(st.integers(1, 900), min_size=0, max_size=2).map(
    lambda paces: [
        a_row(id=f"f-{who}-{n}", visitor=f"fast-{who}", product=f"p-{n % 7}", at=n * pace)
        for who, pace in enumerate(paces)
        for n in range(0, 350, 1)
    ]
)


def dropped(touched: dict[str, int]) -> int:
    return sum(count for name, count in touched.items() if RULES[name].act is Act.DROP)


@given(rows, st.sets(st.sampled_from(sorted(RULES))))
@settings(max_examples=150, deadline=None)
def test_kept_and_dropped_are_what_was_read_whatever_rules_are_on(some, off) -> None:
    cleaned = clean(frame(some), off=off)
    assert cleaned.read == len(some)
    assert len(cleaned.rows) + dropped(cleaned.touched) == cleaned.read
    assert off.isdisjoint(cleaned.touched)


@given(rows, fast)
@settings(max_examples=150, deadline=None)
def test_cleaning_what_is_clean_changes_nothing(some, more) -> None:
    once = clean(frame(some + more))
    twice = clean(once.rows)
    pd.testing.assert_frame_equal(once.rows, twice.rows)
    changed = {name: count for name, count in twice.touched.items() if count and RULES[name].act is not Act.NOTE}
    assert changed == {}


@given(rows, fast, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_rows_that_came_in_does_not_show(some, more, random) -> None:
    # One id is one row in the table; of files with an id twice, either may be the first.
    unique = list({row["id"]: row for row in some + more}.values())
    mixed = random.sample(unique, len(unique))
    one, other = clean(frame(unique)), clean(frame(mixed))
    pd.testing.assert_frame_equal(one.rows, other.rows)
    assert one.touched == other.touched


@given(rows)
@settings(max_examples=50, deadline=None)
def test_with_every_rule_off_everything_is_kept(some) -> None:
    cleaned = clean(frame(some), off=RULES)
    assert len(cleaned.rows) == len(some)
    assert cleaned.touched == {}
