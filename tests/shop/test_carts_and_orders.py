"""What a shopper relies on between cart and order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shop.carts import editing
from shop.carts.reckoning import ChangeKind
from shop.models import Cart, Event, Order, OutboxEvent
from shop.orders import links
from shop.orders.payment import DECLINED_CARD, PENDING_CARD
from shop.orders.placing import CardDeclined, CartEmpty, OutOfStock, PriceChanged, find_placed
from tests.factories.catalogue import make_product
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_shopper, make_visitor

pytestmark = pytest.mark.django_db


def test_a_cart_takes_no_more_than_the_stock_and_says_so() -> None:
    product = make_product(stock=3)
    cart = editing.open_cart("v-1")
    edit = editing.add(cart, product.pk, 5)
    assert (edit.asked, edit.given, edit.short) == (5, 3, True)
    with pytest.raises(editing.NotAvailable, match="sold out"):
        editing.add(cart, make_product(stock=0).pk)
    with pytest.raises(editing.NotAvailable, match="no longer sold"):
        editing.add(cart, "unknown")


def test_a_removed_line_can_be_put_back() -> None:
    product = make_product()
    cart = make_cart(make_visitor(), product)
    line = editing.remove(cart, product.pk)
    assert line is not None
    assert cart.lines.count() == 0
    editing.add(cart, line.product_id, line.quantity, line.slate_id)
    assert cart.lines.get().quantity == 1


def test_delivery_is_free_from_forty_on() -> None:
    cart = make_cart(make_visitor(), make_product(price=Decimal("39.99")))
    assert editing.summary(cart).total == Decimal("43.89")
    cart = make_cart(make_visitor(), make_product(price=Decimal("40.00")))
    assert editing.summary(cart).total == Decimal("40.00")


def test_a_guests_cart_is_added_to_the_cart_that_the_shopper_had() -> None:
    visitor, shopper = make_visitor(), make_shopper()
    shared, other = make_product(), make_product()
    make_cart(make_visitor(), shared, shopper=shopper)
    make_cart(visitor, shared, other)
    for _ in range(2):
        merged = editing.merge_at_login(visitor.id, shopper)
        assert merged is not None
        assert {line.product_id: line.quantity for line in merged.lines.all()} == {shared.pk: 2, other.pk: 1}
    assert Cart.objects.filter(status=Cart.Status.OPEN).count() == 1


def test_a_guests_cart_becomes_the_shoppers_where_they_had_none() -> None:
    visitor, shopper = make_visitor(), make_shopper()
    cart = make_cart(visitor, make_product())
    assert editing.merge_at_login(visitor.id, shopper) == cart
    assert editing.current_cart("another-browser", shopper) == cart
    assert editing.current_cart(visitor.id) is None


def test_an_order_takes_stock_and_leaves_its_event() -> None:
    visitor, product = make_visitor(), make_product(stock=10, price=Decimal("2.50"))
    cart = make_cart(visitor, product)
    editing.set_quantity(cart, product.pk, 4)
    order = order_cart(cart, visitor)
    product.refresh_from_db()
    assert (product.stock, product.units_sold) == (6, 4)
    assert order.total == Decimal("13.90")
    event = Event.objects.get(type="order_completed")
    assert event.value == order.total
    assert event.visitor_id == visitor.id
    assert event.properties["products"] == [
        {"product_id": product.pk, "quantity": 4, "price": "2.50", "slate_id": None}
    ]
    assert OutboxEvent.objects.get().event_id == event.id


def test_without_consent_the_event_names_no_visitor() -> None:
    visitor = make_visitor(consented=False)
    order = order_cart(make_cart(visitor, make_product()), visitor)
    assert order.visitor_id == ""
    assert Event.objects.get(type="order_completed").visitor_id == ""


def test_a_declined_card_takes_nothing_and_the_next_card_is_accepted() -> None:
    product = make_product(stock=1)
    cart = make_cart(make_visitor(), product)
    with pytest.raises(CardDeclined):
        order_cart(cart, card_number=DECLINED_CARD)
    product.refresh_from_db()
    assert product.stock == 1
    assert not Order.objects.exists()
    assert order_cart(cart).status == Order.Status.PAID


def test_a_pending_payment_keeps_the_goods_but_is_no_completed_order_yet() -> None:
    product = make_product(stock=1)
    order = order_cart(make_cart(make_visitor(), product), card_number=PENDING_CARD)
    product.refresh_from_db()
    assert (order.status, product.stock) == (Order.Status.PENDING, 0)
    assert not Event.objects.filter(type="order_completed").exists()


def test_a_changed_price_is_said_and_not_charged() -> None:
    product = make_product(price=Decimal("2.00"))
    cart = make_cart(make_visitor(), product)
    product.price = Decimal("3.00")
    product.save()
    (change,) = editing.changes(cart)
    assert (change.kind, change.before, change.after) == (ChangeKind.PRICE_UP, Decimal("2.00"), Decimal("3.00"))
    with pytest.raises(PriceChanged) as refused:
        order_cart(cart)
    assert refused.value.total == Decimal("6.90")
    with pytest.raises(PriceChanged):
        order_cart(cart, expected_total=Decimal("5.90"))
    assert order_cart(cart, expected_total=Decimal("6.90")).total == Decimal("6.90")


def test_prices_seen_are_no_change_any_more() -> None:
    product, gone = make_product(price=Decimal("2.00")), make_product()
    cart = make_cart(make_visitor(), product, gone)
    product.price, product.stock = Decimal("3.00"), 0
    gone.active = False
    product.save()
    gone.save()
    assert {change.kind for change in editing.changes(cart)} == {ChangeKind.SOLD_OUT, ChangeKind.NOT_SOLD}
    editing.accept_changes(cart)
    assert editing.changes(cart) == []


def test_what_is_sold_out_or_an_empty_cart_cannot_be_ordered() -> None:
    product = make_product(stock=2)
    cart = make_cart(make_visitor(), product)
    editing.set_quantity(cart, product.pk, 2)
    product.stock = 1
    product.save()
    with pytest.raises(OutOfStock, match="Only 1 of"):
        order_cart(cart)
    with pytest.raises(CartEmpty):
        order_cart(editing.open_cart("v-empty"))


def test_a_retry_gets_the_order_that_is_there() -> None:
    visitor = make_visitor()
    cart = make_cart(visitor, make_product(stock=5))
    first = order_cart(cart, visitor)
    assert order_cart(cart, visitor) == first
    assert find_placed(first.checkout_key, visitor) == first
    assert find_placed(first.checkout_key, make_visitor()) is None
    with pytest.raises(editing.CartClosed):
        editing.add(cart, make_product().pk)


def test_a_signed_link_shows_its_order_and_no_other() -> None:
    order = order_cart(make_cart(make_visitor(), make_product()))
    token = links.token(order)
    assert links.order_of(token) == order
    assert links.order_of(token[:-2] + "xx") is None
