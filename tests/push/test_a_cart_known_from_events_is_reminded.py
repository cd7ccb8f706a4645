"""Shops that send events and keep their carts themselves get the reminder too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from push.campaigns.models import Campaign
from push.campaigns.planning import plan_due
from push.models import Message
from push.results.conservation import conservation
from shop.carts.from_events import CartsConsumer, tell
from shop.carts.models import Cart
from shop.events.consumers import Runner
from shop.events.identities import join
from shop.events.stream import append
from shop.people.merging import link_visitor
from shop.people.models import Visitor
from tests.factories.campaigns import deliver_all, make_audience, running
from tests.factories.catalogue import make_product
from tests.factories.events import an_event, store_all
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(clock):
    (person,) = make_audience(1)
    return person


@pytest.fixture
def oats():
    return make_product()


@pytest.fixture
def milk():
    return make_product()


def came(*events, vouched=True) -> None:
    append(list(events), vouched=vouched)
    store_all()
    Runner(CartsConsumer(), claim_after_ms=0).drain()


def lines() -> dict[str, int]:
    return dict(Cart.objects.filter(status="open").values_list("lines__product", "lines__quantity"))


def reminder() -> Campaign:
    return running(kind=Campaign.Kind.TRIGGER, trigger="cart_left", content={"template": "cart_left"})


def added(shopper, product, **fields):
    return an_event("product_added", shopper_id=shopper.pk, product_id=product.pk, **fields)


def removed(shopper, product, **fields):
    return an_event("product_removed", shopper_id=shopper.pk, product_id=product.pk, **fields)


def test_what_was_added_and_not_removed_is_reminded_of_once(smtp, clock, anna, oats, milk):
    campaign = reminder()
    came(added(anna, oats, quantity=2), added(anna, milk))
    clock.advance(minutes=5)
    came(removed(anna, oats, quantity=1), removed(anna, milk), added(anna, oats, quantity=3))
    assert lines() == {oats.pk: 4}
    clock.advance(minutes=59)
    assert plan_due(campaign).planned == 0
    for _ in range(4):
        clock.advance(minutes=30)
        plan_due(campaign)
        deliver_all()
    assert len(smtp.taken) == 1
    assert Message.objects.get().products["cart"] == [oats.pk]
    assert conservation(campaign).holds


def test_the_order_event_ends_it_and_the_next_cart_is_another(smtp, clock, anna, oats, milk):
    campaign = reminder()
    came(added(anna, oats))
    clock.advance(minutes=10)
    came(an_event("order_completed", shopper_id=anna.pk))
    assert Cart.objects.get().status == "ordered"
    clock.advance(minutes=90)
    assert plan_due(campaign).planned == 0
    came(added(anna, milk))
    clock.advance(minutes=61)
    assert plan_due(campaign).planned == 1
    deliver_all()
    assert Message.objects.get().products["cart"] == [milk.pk]


def test_an_order_after_planning_stops_the_message(smtp, clock, anna, oats):
    campaign = running(
        kind=Campaign.Kind.TRIGGER, trigger="cart_left", delay=timedelta(hours=2), content={"template": "cart_left"}
    )
    came(added(anna, oats))
    clock.advance(minutes=61)
    assert plan_due(campaign).planned == 1
    came(an_event("order_completed", shopper_id=anna.pk))
    clock.advance(hours=2)
    deliver_all()
    assert Message.objects.get().state == "skipped"
    assert smtp.taken == []


def test_an_order_through_the_api_without_an_event_ends_it_too(clock, anna, oats, milk):
    campaign = reminder()
    came(added(anna, oats))
    clock.advance(minutes=10)
    visitor = make_visitor(shopper_id=anna.pk)
    Cart.objects.update(shopper=None, visitor_id="v-elsewhere")
    order_cart(make_cart(visitor, milk, shopper=anna), visitor)
    Cart.objects.filter(visitor_id="v-elsewhere").update(shopper=anna)
    clock.advance(minutes=90)
    assert plan_due(campaign).planned == 0


def test_a_visitor_s_cart_is_theirs_when_it_is_known_who_they_are(clock, anna, oats):
    came(an_event("product_added", product_id=oats.pk))
    assert not Cart.objects.exists()
    clock.advance(minutes=1)
    join("v-anna0001", anna, trusted=True)
    came(an_event("identified", shopper_id=anna.pk))
    assert lines() == {oats.pk: 1}
    assert Cart.objects.get().shopper == anna


def test_a_browser_s_own_word_fills_nobody_s_cart_and_takes_nothing_out(smtp, clock, anna, oats, milk):
    campaign = reminder()
    stranger = {"source": "tracker", "visitor_id": "v-stranger"}
    came(
        an_event("identified", shopper_id=anna.pk, **stranger),
        added(anna, oats, **stranger),
        added(anna, milk, **{**stranger, "source": "segment"}),
        an_event("product_added", product_id=oats.pk, **stranger),
        vouched=False,
    )
    assert Visitor.objects.get(pk="v-stranger").shopper == anna, "the control: joined, as for training"
    assert not Cart.objects.exists()
    came(added(anna, oats))
    came(an_event("order_completed", shopper_id=anna.pk, **stranger), vouched=False)
    clock.advance(minutes=61)
    assert plan_due(campaign).planned == 1
    deliver_all()
    assert Message.objects.get().products["cart"] == [oats.pk]


@pytest.mark.parametrize("vouches", ["secret key", "live session", "log-in"])
def test_what_a_browser_did_is_the_shopper_s_cart_once_the_shop_vouches(clock, anna, oats, milk, vouches):
    mine = {"source": "tracker", "visitor_id": "v-mine0001"}
    came(an_event("product_added", product_id=milk.pk, **mine), added(anna, oats, **mine), vouched=False)
    assert not Cart.objects.exists()
    if vouches == "secret key":
        came(an_event("identified", shopper_id=anna.pk, visitor_id="v-mine0001"))
    elif vouches == "live session":
        append([an_event(shopper_id=anna.pk, visitor_id="v-mine0001")])
        came(an_event("identified", shopper_id=anna.pk, **mine), vouched=False)
    else:
        assert link_visitor("v-mine0001", anna) == "v-mine0001"
        came(removed(anna, oats, quantity=0, **mine), vouched=False)
    assert lines() == {oats.pk: 1, milk.pk: 1}
    assert Cart.objects.get().shopper == anna
    came(added(anna, oats, **mine), vouched=False)
    assert lines() == {oats.pk: 2, milk.pk: 1}
    # Somebody else's word in the same browser is nobody's.
    (bert,) = make_audience(1)
    came(added(bert, oats, **mine), vouched=False)
    assert lines() == {oats.pk: 2, milk.pk: 1}


def test_a_cart_of_the_storefront_is_left_alone(clock, anna, oats, milk):
    cart = make_cart(make_visitor(shopper_id=anna.pk), milk, shopper=anna)
    came(added(anna, oats), added(anna, oats, source="storefront"))
    assert list(cart.lines.values_list("product_id", flat=True)) == [milk.pk]
    assert Cart.objects.count() == 1


def test_the_storefront_s_own_events_make_no_second_cart(clock, anna, oats):
    came(added(anna, oats, source="storefront"))
    assert not Cart.objects.exists()


def test_products_that_the_catalogue_does_not_have_are_left_out(clock, anna, oats):
    came(added(anna, oats), an_event("product_added", shopper_id=anna.pk, product_id="gone"))
    assert lines() == {oats.pk: 1}


def test_a_late_event_from_before_makes_no_second_cart(clock, anna, oats, milk):
    came(added(anna, oats))
    clock.advance(minutes=1)
    came(added(anna, milk, at=clock() - timedelta(minutes=30)))
    assert Cart.objects.count() == 1
    assert lines() == {oats.pk: 1, milk.pk: 1}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_twice_late_or_in_another_order_the_cart_is_the_same(clock, oats, milk, data):
    Cart.objects.all().delete()
    (anna,) = make_audience(1)
    start = clock() - timedelta(hours=3)
    acts = data.draw(
        st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.booleans(), st.integers(1, 3)), max_size=6)
    )
    events = [
        (added if act == "add" else removed)(
            anna, oats if first else milk, quantity=quantity, at=start + timedelta(minutes=number)
        )
        for number, (act, first, quantity) in enumerate(acts)
    ]
    expected: dict[str, int] = {}
    for event in events:
        before = expected.get(event.product_id, 0)
        left = before + event.quantity if event.type == "product_added" else before - event.quantity
        expected[event.product_id] = max(left, 0)
    came(*data.draw(st.permutations([*events, *events[:2]])))
    for event in data.draw(st.permutations(events)):
        tell(anna.pk, [event])
    mine = Cart.objects.filter(shopper=anna, status="open").values_list("lines__product", "lines__quantity")
    assert {product: quantity for product, quantity in mine if product} == {
        product: quantity for product, quantity in expected.items() if quantity
    }
