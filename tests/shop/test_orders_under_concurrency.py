"""One order of many clicks, one buyer of the last piece; each guard with its control, without which the race happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from shop.carts import editing
from shop.models import Cart, Event, Order, Product, User
from shop.orders import placing
from shop.orders.placing import OutOfStock
from shop.people.registering import AddressTaken, register
from tests.factories.catalogue import make_product
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import PASSWORD, make_shopper, make_visitor
from tests.factories.waiting import at_work, until_it_waits

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run each act in a thread of its own with its own connection, started together; results or exceptions."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=60)
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def orders_of(results: list[Any]) -> list[Order]:
    return [result for result in results if isinstance(result, Order)]


def test_the_last_piece_is_sold_once() -> None:
    product = make_product(stock=1)
    carts = [make_cart(make_visitor(), product) for _ in range(THREADS)]
    results = at_once(*(lambda cart=cart: order_cart(cart) for cart in carts))
    assert len(orders_of(results)) == 1
    assert sum(isinstance(result, OutOfStock) for result in results) == THREADS - 1
    product.refresh_from_db()
    assert (product.stock, product.units_sold) == (0, 1)
    assert Order.objects.count() == 1


def test_control_without_the_locks_the_last_piece_is_sold_twice(monkeypatch) -> None:
    product = make_product(stock=1)
    carts = [make_cart(make_visitor(), product) for _ in range(2)]
    both_looked = threading.Barrier(2)

    def look_without_lock(cart: Cart) -> list:
        lines = list(cart.lines.select_related("product"))
        both_looked.wait(timeout=60)
        return lines

    def take_without_asking(quantities) -> None:
        for product_id, quantity in quantities:
            Product.objects.filter(pk=product_id).update(stock=0, units_sold=F("units_sold") + quantity)

    monkeypatch.setattr(placing, "lock_products", look_without_lock)
    monkeypatch.setattr(placing, "take_stock", take_without_asking)
    results = at_once(*(lambda cart=cart: order_cart(cart) for cart in carts))
    assert len(orders_of(results)) == 2


def test_clicks_retries_and_tabs_make_one_order() -> None:
    visitor, product = make_visitor(), make_product(stock=50)
    cart = make_cart(visitor, product)
    results = at_once(*[lambda: order_cart(cart, visitor)] * THREADS)
    assert len({order.pk for order in orders_of(results)}) == 1
    assert len(orders_of(results)) == THREADS
    product.refresh_from_db()
    assert product.stock == 49
    assert Event.objects.filter(type="order_completed", visitor_id=visitor.id).count() == 1


def test_control_without_the_carts_lock_tabs_collide(monkeypatch) -> None:
    visitor = make_visitor()
    cart = make_cart(visitor, make_product(stock=50))
    both_looked = threading.Barrier(2)

    def look_without_lock(cart: Cart) -> Cart:
        found = Cart.objects.get(pk=cart.pk)
        both_looked.wait(timeout=60)
        return found

    monkeypatch.setattr(placing, "lock_cart", look_without_lock)
    results = at_once(*[lambda: order_cart(cart, visitor)] * 2)
    # The unique columns still keep it to one order, but somebody sees an error page.
    assert sum(isinstance(result, IntegrityError) for result in results) == 1
    assert Order.objects.filter(cart=cart).count() == 1


def test_orders_of_the_same_products_in_any_order_do_not_block_each_other() -> None:
    one, two = make_product(stock=500), make_product(stock=500)
    carts = [make_cart(make_visitor(), *((one, two) if number % 2 else (two, one))) for number in range(THREADS)]
    results = at_once(*(lambda cart=cart: order_cart(cart) for cart in carts))
    assert len(orders_of(results)) == THREADS, results


def test_a_product_added_while_the_cart_is_ordered_is_either_in_the_order_or_refused() -> None:
    visitor, first, second = make_visitor(), make_product(), make_product()
    cart = make_cart(visitor, first)
    order, added = at_once(lambda: order_cart(cart, visitor, expected_total=None), lambda: editing.add(cart, second.pk))
    assert isinstance(order, Order)
    in_order = order.lines.filter(product=second).exists()
    assert in_order is isinstance(added, editing.Edit)
    assert in_order is not isinstance(added, editing.CartClosed)


def test_tabs_that_open_a_cart_together_get_the_same() -> None:
    visitor, shopper = make_visitor(), make_shopper()
    assert len({cart.pk for cart in at_once(*[lambda: editing.open_cart(visitor.id)] * THREADS)}) == 1
    assert len({cart.pk for cart in at_once(*[lambda: editing.open_cart("v-x", shopper)] * THREADS)}) == 1


def test_two_browsers_that_log_in_together_leave_one_cart_with_everything() -> None:
    shopper = make_shopper()
    visitors, products = [make_visitor() for _ in range(4)], [make_product() for _ in range(4)]
    for visitor, product in zip(visitors, products, strict=True):
        make_cart(visitor, product)
    results = at_once(*(lambda v=visitor: editing.merge_at_login(v.id, shopper) for visitor in visitors))
    assert all(isinstance(result, Cart) for result in results), results
    cart = Cart.objects.get(status=Cart.Status.OPEN)
    assert {line.product_id for line in cart.lines.all()} == {product.pk for product in products}


def test_a_login_beside_a_page_that_writes_into_the_same_cart_fails_neither() -> None:
    shopper, product = make_shopper(), make_product()
    cart = make_cart(make_visitor(), product, shopper=shopper)
    with at_work(lambda: editing.merge_at_login("v-another", shopper)) as login, transaction.atomic():
        # Refers to the shopper, which the database looks at when this is committed.
        Cart.objects.create(shopper=shopper, visitor_id="v-before", status=Cart.Status.ORDERED)
        editing.set_quantity(cart, product.pk, 3)
        login.start()
        until_it_waits(login)
    assert cart.lines.get().quantity == 3


def test_an_address_registered_twice_at_once_is_one_person() -> None:
    results = at_once(*[lambda: register("ada@example.org", PASSWORD)] * 4)
    assert sum(isinstance(result, AddressTaken) for result in results) == 3
    assert User.objects.count() == 1
