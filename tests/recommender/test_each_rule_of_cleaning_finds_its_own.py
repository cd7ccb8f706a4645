"""Each rule on rows whose answer is known."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from recommender.dataset.cleaning import RULES, clean, fingerprint
from recommender.dataset.kinds import Kind
from tests.factories.rows import a_row, frame

MINUTE = 60_000
NAN = float("nan")


def purchases(quantities=(), prices=()):
    return [
        a_row(id=f"l-{n}", visitor=f"v-{n}", kind=Kind.PURCHASE, quantity=quantity, value=price)
        for n, (quantity, price) in enumerate(zip(quantities, prices, strict=True))
    ]


CASES = {
    "nobody": [a_row(visitor="")],
    "no_product": [a_row(product="")],
    "no_rating": [a_row(kind=Kind.RATE, value=value, product=f"p-{value}") for value in (NAN, 0.0, 6.0)],
    "no_quantity": [a_row(kind=Kind.ADD)],
    "clock_ahead": [a_row(late=-6 * MINUTE)],
    "late": [a_row(late=25 * 60 * MINUTE)],
    "out_of_order": [a_row(id="a", late=5_000), a_row(id="b", product="p-2", at=43_200_000 + 2_000)],
    "robot_agent": [a_row(agent="Mozilla/5.0 (compatible; Googlebot/2.1)"), a_row(id="b", product="p-2")],
    "robot_rate": [a_row(id=f"e-{n}", product=f"p-{n}", at=n * 1_000) for n in range(60)],
    "same_id": [a_row(), a_row(product="p-2")],
    "repeated": [a_row(id="a"), a_row(id="b", at=43_200_000 + 900)],
    "impossible_quantity": [
        a_row(kind=Kind.ADD, quantity=0.0),
        a_row(id="b", kind=Kind.ADD, product="p-2", quantity=20_000.0),
    ],
    "impossible_price": [a_row(kind=Kind.ADD, quantity=1.0, value=-2.0)],
    "odd_quantity": purchases([1, 1, 2, 1, 1, 400], [2.0] * 6),
    "odd_price": purchases([1] * 6, [2.0, 2.1, 1.9, 2.0, 2.0, 900.0]),
    "endless_session": [a_row(id=f"e-{n}", product=f"p-{n % 9}", at=n * 20_000) for n in range(301)],
}
EXPECTED = {
    "no_rating": 3,
    "robot_agent": 2,
    "robot_rate": 60,
    "impossible_quantity": 2,
    "endless_session": 301,
}


def test_every_rule_has_its_case() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_touches_its_case_and_no_other_rule_does(name) -> None:
    touched = {rule: count for rule, count in clean(frame(CASES[name])).touched.items() if count}
    assert touched == {name: EXPECTED.get(name, 1)}


def test_usual_rows_are_touched_by_no_rule() -> None:
    usual = [
        a_row(
            id=f"e-{n}", visitor=f"v-{n % 40}", product=f"p-{n % 13}", at=n * 60_000, agent="Mozilla/5.0 Safari/605.1"
        )
        for n in range(400)
    ]
    usual += purchases(np.random.default_rng(1).integers(1, 5, 50).astype(float), [2.5] * 50)
    cleaned = clean(frame(usual))
    assert set(cleaned.touched.values()) == {0}
    assert len(cleaned.rows) == len(usual)


def test_a_shopper_who_pays_is_no_robot() -> None:
    lines = [a_row(id=f"l-{n}", product=f"p-{n}", kind=Kind.PURCHASE, quantity=1.0, value=2.0) for n in range(90)]
    assert len(clean(frame(lines)).rows) == 90


def test_an_odd_amount_is_set_to_the_limit_not_lost() -> None:
    cleaned = clean(frame(CASES["odd_quantity"])).rows
    assert cleaned.quantity.max() == 9
    prices = clean(frame(CASES["odd_price"])).rows.value
    assert 2.0 < prices.max() < 6.0


def test_a_clock_ahead_is_set_to_when_it_was_received() -> None:
    (row,) = clean(frame(CASES["clock_ahead"])).rows.itertuples()
    assert row.at == row.received


def test_the_fingerprint_changes_with_the_rules_that_are_on() -> None:
    assert fingerprint() == fingerprint([])
    assert fingerprint() != fingerprint(["robot_rate"])


def test_the_page_of_the_docs_names_every_rule_in_its_order() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "data.md").read_text()
    assert re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.M)[:-1] == [(r.id, r.act.value) for r in RULES.values()]
