"""The usual basket says only what the shopper's own orders say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.models import Order, OrderLine
from shop.storefront.usual import usual_basket, usual_line
from tests.factories.catalogue import make_product
from tests.factories.people import make_shopper

pytestmark = pytest.mark.django_db


def buy(shopper, product, clock, days_ago, quantity=1):
    order = Order.objects.create(
        number=f"T-{Order.objects.count()}",
        shopper=shopper,
        checkout_key=f"00000000-0000-0000-0000-{Order.objects.count():012d}",
        subtotal=1,
        total=1,
        placed_at=clock.time - timedelta(days=days_ago),
    )
    OrderLine.objects.create(order=order, product=product, quantity=quantity, unit_price=1)


@pytest.fixture
def anna(clock):
    shopper = make_shopper()
    for product in [make_product() for _ in range(4)]:
        for days_ago in (29, 19, 9):
            buy(shopper, product, clock, days_ago, quantity=2)
    return shopper


def test_rhythm_and_quantity_are_those_of_the_orders(anna):
    basket = usual_basket(anna)
    assert basket.every_days == 10
    assert basket.last_days_ago == 9
    assert [(line.quantity, line.every_days) for line in basket.lines] == [(2, 10)] * 4
    assert basket.total == sum(2 * line.product.price for line in basket.lines)


def test_two_orders_of_one_day_are_one_trip(anna, clock):
    line = usual_basket(anna).lines[0]
    buy(anna, line.product, clock, 9)
    assert usual_line(anna, line.product).every_days == 10


def test_what_was_bought_twice_or_is_sold_out_is_not_usual(anna, clock):
    twice, sold_out = make_product(), usual_basket(anna).lines[0].product
    for days_ago in (5, 3):
        buy(anna, twice, clock, days_ago)
    sold_out.stock = 0
    sold_out.save()
    shown = {line.product for line in usual_basket(anna).lines}
    assert shown.isdisjoint({twice, sold_out})


def test_there_is_none_without_history_or_when_personal_rows_are_off(anna):
    assert usual_basket(None) is None
    assert usual_basket(make_shopper()) is None
    anna.personalised = False
    assert usual_basket(anna) is None
