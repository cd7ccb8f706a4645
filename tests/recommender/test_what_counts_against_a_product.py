"""Returns, low ratings and, if the operator says so, dismissals count against a product; money given back alone does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.algorithms.matrices import actors_by_products
from recommender.algorithms.popular import Popular
from recommender.dataset import Kind, Products
from recommender.dataset.building import read_dataset
from recommender.dataset.interactions import build
from recommender.dataset.kinds import WEIGHT_OF
from shop.events.stream import append
from shop.models import Opinion, Order, Refund
from shop.opinions import saying
from shop.orders import changing
from tests.factories.catalogue import make_product
from tests.factories.events import an_event, store_all
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_shopper, make_visitor

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop(db, clock, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return [make_product(id=f"p-{n}", stock=100) for n in range(3)]


def bought(anna, *products, pieces=1) -> Order:
    visitor = make_visitor(shopper_id=anna.pk)
    cart = make_cart(visitor, *products, shopper=anna)
    cart.lines.update(quantity=pieces)
    order = order_cart(cart, visitor)
    Order.objects.filter(pk=order.pk).update(placed_at=NOW - timedelta(days=3))
    return order


def rows(dataset) -> list[tuple[str, str]]:
    return sorted((dataset.products.ids[p], Kind(k).name) for p, k in zip(dataset.product, dataset.kind, strict=True))


@pytest.mark.parametrize("reason", [Refund.Reason.RETURNED, Refund.Reason.GOODWILL])
def test_a_product_sent_back_is_no_purchase_any_more_and_counts_against(shop, reason):
    anna = make_shopper()
    order = bought(anna, *shop[:2])
    assert rows(read_dataset(until=NOW)) == [("p-0", "PURCHASE"), ("p-1", "PURCHASE")]
    lines = {"p-0": 1} if reason == Refund.Reason.RETURNED else None
    changing.refund(order, lines=lines, amount=None if lines else Decimal("0.50"), reason=reason)
    dataset = read_dataset(until=NOW + timedelta(minutes=1))
    if reason == Refund.Reason.GOODWILL:
        assert rows(dataset) == [("p-0", "PURCHASE"), ("p-1", "PURCHASE")], "money alone says nothing of the product"
        return
    assert rows(dataset) == [("p-0", "RETURN"), ("p-1", "PURCHASE")]
    scores = Popular().fit(dataset).score_
    assert scores[0] < 0 < scores[1]


def test_of_a_part_that_came_back_the_rest_is_bought(shop):
    order = bought(make_shopper(), shop[0], pieces=3)
    changing.refund(order, lines={"p-0": 2})
    dataset = read_dataset(until=NOW + timedelta(minutes=1))
    assert (rows(dataset), dataset.quantity.tolist()) == ([("p-0", "PURCHASE")], [1.0])
    changing.refund(order, lines={"p-0": 1})
    assert rows(read_dataset(until=NOW + timedelta(minutes=1))) == [("p-0", "RETURN")]


def test_a_cancelled_order_says_nothing(shop):
    order = bought(make_shopper(), shop[0])
    changing.cancel(order)
    assert rows(read_dataset(until=NOW + timedelta(minutes=1))) == []


def test_what_was_looked_at_and_sent_back_ties_the_product_to_nothing(shop, clock):
    anna = make_shopper()
    append(
        [
            an_event(at=NOW - timedelta(days=4), product_id=product, shopper_id=anna.pk, visitor_id="v-anna-1")
            for product in ("p-0", "p-1")
        ]
    )
    store_all()
    order = bought(anna, shop[0])
    changing.refund(order)
    dataset = read_dataset(until=NOW + timedelta(minutes=1))
    assert actors_by_products(dataset).toarray().tolist() == [[0.0, 1.0, 0.0]]


@pytest.mark.parametrize(("weight", "left"), [(0.0, [1.0, 1.0]), (-3.0, [0.0, 1.0])], ids=["as it is", "if so said"])
def test_what_was_dismissed_teaches_nothing_unless_the_operator_says_so(shop, weight, left):
    from recommender.signals import weights
    from recommender.signals.models import SignalWeight

    if weight:
        SignalWeight.objects.create(name="dismiss", value=weight)
    anna = make_shopper()
    append(
        [
            an_event(at=NOW - timedelta(days=4), product_id=product, shopper_id=anna.pk, visitor_id="v-anna-1")
            for product in ("p-0", "p-1")
        ]
    )
    store_all()
    saying.say(Opinion.Kind.DISMISSED, "p-0", shopper_id=anna.pk)
    dataset = weights.applied(read_dataset(until=NOW + timedelta(minutes=1)), weights.used({}))
    assert (
        dataset.weight[dataset.kind == Kind.VIEW][np.argsort(dataset.product[dataset.kind == Kind.VIEW])].tolist()
        == left
    )
    saying.take_back("p-0", shopper_id=anna.pk)
    again = weights.applied(read_dataset(until=NOW + timedelta(minutes=1)), weights.used({}))
    assert again.weight.tolist() == [1.0, 1.0], "what was undone is forgotten"


def test_a_refund_that_another_shop_s_system_tells_of_counts_against(shop):
    events = [
        an_event(kind, NOW - timedelta(days=days), product_id="p-0", visitor_id="v-anna-1")
        for kind, days in (("product_viewed", 4), ("order_refunded", 3))
    ]
    append(events)
    store_all()
    assert rows(read_dataset(until=NOW)) == [("p-0", "RETURN"), ("p-0", "VIEW")]


def dataset_of(acts):
    """(person, product, kind, stars) in the order of time, a minute apart."""
    person, product, kind, stars = (np.array(column) for column in zip(*acts, strict=True))
    return build(
        Products.of([f"p{number}" for number in range(4)]),
        actor=person.astype(np.int64),
        shopper=person.astype(np.int32),
        product=product.astype(np.int32),
        kind=kind.astype(np.int8),
        at=np.arange(len(acts), dtype=np.int64) * 60_000,
        shopper_ids=["a", "b", "c"],
        value=np.where(kind == Kind.RATE, stars, np.nan).astype(np.float32),
    )


def test_stars_count_by_how_far_they_are_from_three():
    rated = dataset_of([(stars // 3, stars % 3, Kind.RATE, stars) for stars in range(1, 6)])
    assert dict(zip(rated.value.tolist(), rated.weight.tolist(), strict=True)) == {1: -2, 2: -1, 3: 0, 4: 1, 5: 2}


ACTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from(list(Kind)), st.integers(1, 5)),
    min_size=1,
    max_size=30,
)


@given(ACTS)
def test_a_person_speaks_for_a_product_only_as_far_as_they_do_not_speak_against_it(acts):
    dataset = dataset_of(acts)
    person = dataset.session_shopper[dataset.session_of_row]
    stars = np.where(dataset.kind == Kind.RATE, (dataset.value - 3) / 2, 1.0)
    plain = WEIGHT_OF[dataset.kind] * stars
    for who, product in {(who, product) for who, product, _, _ in acts}:
        mine = (person == who) & (dataset.product == product)
        against = (plain < 0) & (dataset.kind != Kind.REMOVE)
        regretted = against[mine].any() and plain[mine].sum() <= 0
        expected = np.where(plain[mine] > 0, 0.0, plain[mine]) if regretted else plain[mine]
        assert dataset.weight[mine].tolist() == expected.tolist()
