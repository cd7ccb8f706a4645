"""An order is paid, sent, called off or given back; whatever happens at once or twice, stock and money move once."""

from __future__ import annotations

import threading
import uuid
from decimal import Decimal

import pytest
from django.db.models import F

from shop.events import sessions
from shop.events.stream import append
from shop.models import AuditEntry, Event, Order, OutboxEvent, Product, Refund
from shop.opinions import saying
from shop.orders import changing
from shop.orders.importing import import_order
from shop.orders.payment import PENDING_CARD
from tests.factories.catalogue import make_product
from tests.factories.events import an_event
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_operator, make_shopper, make_visitor
from tests.shop.test_orders_under_concurrency import at_once

THREADS = 6


def ordered(*, stock=10, pieces=1, **options):
    visitor, product = make_visitor(), make_product(stock=stock, price=Decimal("50.00"))
    cart = make_cart(visitor, product)
    if pieces > 1:
        from shop.carts import editing

        editing.set_quantity(cart, product.pk, pieces)
    return order_cart(cart, visitor, **options), product


def on_shelf(product: Product) -> tuple[int, int]:
    product.refresh_from_db()
    return product.stock, product.units_sold


@pytest.mark.django_db
def test_a_confirmed_payment_is_a_completed_order_of_the_time_it_was_placed(clock) -> None:
    order, _ = ordered(card_number=PENDING_CARD)
    clock.advance(hours=5)
    for _ in range(2):
        order = changing.confirm(order)
    assert order.status == Order.Status.PAID
    event = Event.objects.get(type="order_completed")
    assert (event.occurred_at, event.visitor_id) == (order.placed_at, order.visitor_id)
    with pytest.raises(changing.NotPossible):
        changing.confirm(changing.cancel(order))


@pytest.mark.django_db
@pytest.mark.parametrize("pending", [True, False])
def test_a_cancelled_order_gives_back_stock_and_money_once(pending) -> None:
    order, product = ordered(pieces=3, **({"card_number": PENDING_CARD} if pending else {}))
    assert on_shelf(product) == (7, 3)
    for _ in range(2):
        order = changing.cancel(order, reason="changed their mind")
    assert on_shelf(product) == (10, 0)
    order.refresh_from_db()
    assert (order.status, order.refunded) == (Order.Status.CANCELLED, Decimal(0) if pending else order.total)
    event = Event.objects.get(type="order_cancelled")
    assert event.value == order.total
    assert event.properties["refunded"] == str(order.refunded)
    assert OutboxEvent.objects.filter(event_id=event.pk).exists()
    assert AuditEntry.objects.get(action="order.cancel").reason == "changed their mind"


@pytest.mark.django_db
def test_what_was_given_back_before_is_told_once() -> None:
    order, _ = ordered(pieces=3)
    changing.refund(order, amount=Decimal("1.50"))
    order = changing.cancel(order)
    told = Event.objects.get(type="order_cancelled").properties["refunded"]
    assert (order.refunded, Decimal(told)) == (order.total, order.total - Decimal("1.50"))


@pytest.mark.django_db
def test_what_was_sent_can_be_given_back_but_not_cancelled() -> None:
    order, product = ordered()
    changing.ship(order)
    with pytest.raises(changing.NotPossible, match="on its way"):
        changing.cancel(order)
    refund = changing.refund(order)
    order.refresh_from_db()
    assert (refund.amount, order.status, order.kept) == (order.total, Order.Status.REFUNDED, 0)
    assert on_shelf(product) == (10, 0)
    with pytest.raises(changing.NotPossible):
        changing.refund(order)


@pytest.mark.django_db
def test_a_part_is_given_back_by_pieces_or_by_sum_and_never_more_than_was_paid() -> None:
    order, product = ordered(pieces=3)
    operator = make_operator()
    part = changing.refund(order, lines={product.pk: 1}, reason=Refund.Reason.DAMAGED, restock=False, actor=operator)
    assert (part.amount, on_shelf(product)) == (Decimal("50.00"), (7, 2))
    event = Event.objects.get(type="order_refunded")
    assert event.value == part.amount
    assert event.properties["products"] == [{"product_id": product.pk, "quantity": 1, "price": "50.00"}]
    assert AuditEntry.objects.get(action="order.refund").actor == operator
    with pytest.raises(changing.NotPossible, match="2 of"):
        changing.refund(order, lines={product.pk: 3})
    with pytest.raises(changing.NotPossible, match=r"At most 100\.00"):
        changing.refund(order, amount=Decimal("100.01"))
    changing.refund(order, amount=Decimal("4.50"), reason=Refund.Reason.GOODWILL)
    order.refresh_from_db()
    assert (order.refunded, order.status) == (Decimal("54.50"), Order.Status.PAID)
    changing.cancel(order)
    order.refresh_from_db()
    assert (order.kept, on_shelf(product)) == (0, (9, 0))


@pytest.mark.django_db
def test_the_same_key_gives_back_once() -> None:
    order, product = ordered(pieces=3)
    key = uuid.uuid4()
    first, second = (changing.refund(order, lines={product.pk: 1}, key=key) for _ in range(2))
    assert first == second
    order.refresh_from_db()
    assert order.refunded == Decimal("50.00")


@pytest.mark.django_db
def test_an_order_of_another_system_brings_no_stock_back() -> None:
    product = make_product(stock=4)
    order, _ = import_order("r-1", [{"product_id": product.pk, "quantity": 2, "unit_price": Decimal(3)}])
    changing.cancel(order)
    assert on_shelf(product)[0] == 4


@pytest.mark.django_db
def test_what_was_cancelled_may_be_suggested_again(django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        order, product = ordered()
    assert sessions.read_session(order.visitor_id).bought == [product.pk]
    with django_capture_on_commit_callbacks(execute=True):
        changing.cancel(order)
    assert sessions.read_session(order.visitor_id).bought == []


@pytest.mark.django_db
def test_a_payment_confirmed_later_says_nothing_of_who_is_there_by_then(clock, django_capture_on_commit_callbacks):
    order, product = ordered(card_number=PENDING_CARD)
    Order.objects.filter(pk=order.pk).update(shopper=make_shopper())
    clock.advance(minutes=10)
    append([an_event("product_viewed", visitor_id=order.visitor_id)])
    clock.advance(minutes=1)
    before = sessions.read_session(order.visitor_id)
    with django_capture_on_commit_callbacks(execute=True):
        changing.confirm(order)
    after = sessions.read_session(order.visitor_id)
    assert after.bought == [product.pk]
    assert (after.shopper_id, after.session_id, after.started_at_ms) == ("", before.session_id, before.started_at_ms)


@pytest.mark.django_db(transaction=True)
def test_cancelling_in_many_windows_returns_the_stock_once() -> None:
    order, product = ordered(pieces=3)
    results = at_once(*[lambda: changing.cancel(order)] * THREADS)
    assert all(isinstance(result, Order) for result in results), results
    assert on_shelf(product) == (10, 0)
    assert Event.objects.filter(type="order_cancelled", properties__order_id=str(order.pk)).count() == 1
    assert Refund.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_orders_lock_the_stock_returns_twice(monkeypatch) -> None:
    order, product = ordered(pieces=3, card_number=PENDING_CARD)
    both_looked = threading.Barrier(2)

    def look_without_lock(order: Order) -> Order:
        found = Order.objects.get(pk=order.pk)
        both_looked.wait(timeout=60)
        return found

    def note_nothing(order: Order, pieces, *, restock) -> None:
        Product.objects.filter(pk=product.pk).update(stock=F("stock") + 3)

    monkeypatch.setattr(changing, "lock_order", look_without_lock)
    monkeypatch.setattr(changing, "_bring_back", note_nothing)
    at_once(*[lambda: changing.cancel(order)] * 2)
    assert on_shelf(product)[0] == 13


@pytest.mark.django_db(transaction=True)
def test_either_it_is_sent_or_it_is_cancelled() -> None:
    for _ in range(4):
        order, product = ordered()
        sent, cancelled = at_once(lambda o=order: changing.ship(o), lambda o=order: changing.cancel(o))
        assert isinstance(sent, changing.NotPossible) is not isinstance(cancelled, changing.NotPossible)
        order.refresh_from_db()
        assert (order.status == Order.Status.CANCELLED) is (on_shelf(product)[0] == 10)


@pytest.mark.django_db(transaction=True)
def test_a_payment_confirmed_while_the_order_is_cancelled_leaves_nothing_half_done() -> None:
    for _ in range(4):
        order, product = ordered(card_number=PENDING_CARD)
        at_once(lambda o=order: changing.confirm(o), lambda o=order: changing.cancel(o))
        order.refresh_from_db()
        completed = Event.objects.filter(type="order_completed", properties__order_id=str(order.pk)).count()
        # Cancelling comes through either way; confirmed first, the money went back.
        assert (order.status, on_shelf(product)) == (Order.Status.CANCELLED, (10, 0))
        assert order.refunded == (order.total if completed else 0)


@pytest.mark.django_db(transaction=True)
def test_refunds_at_once_give_back_no_more_than_was_paid() -> None:
    order, product = ordered(pieces=3)
    results = at_once(*[lambda: changing.refund(order, lines={product.pk: 2})] * THREADS)
    assert sum(isinstance(result, Refund) for result in results) == 1
    order.refresh_from_db()
    assert (order.refunded, on_shelf(product)) == (Decimal("100.00"), (9, 1))


@pytest.mark.django_db
def test_the_pieces_of_an_order_that_no_bank_answers_for_are_sold_again_after_three_days(clock) -> None:
    waiting, product = ordered(pieces=3, card_number=PENDING_CARD)
    paid, _ = ordered()
    clock.advance(days=2, hours=23)
    assert changing.cancel_unpaid() == 0
    clock.advance(hours=2)
    assert [changing.cancel_unpaid(), changing.cancel_unpaid()] == [1, 0]
    waiting.refresh_from_db()
    paid.refresh_from_db()
    assert (waiting.status, paid.status) == (Order.Status.CANCELLED, Order.Status.PAID)
    assert on_shelf(product) == (10, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pieces", "back", "reason", "hidden"),
    [(2, 2, "returned", True), (2, 1, "returned", False), (2, 2, "damaged", False), (2, 2, "goodwill", False)],
    ids=["all sent back", "one of two", "broken", "money only"],
)
def test_what_was_sent_back_whole_is_not_suggested_to_them_again(
    pieces, back, reason, hidden, django_capture_on_commit_callbacks
) -> None:
    order, product = ordered(pieces=pieces)
    with django_capture_on_commit_callbacks(execute=True):
        changing.refund(order, lines={product.pk: back}, reason=Refund.Reason(reason))
    who = {"visitor_id": order.visitor_id, "shopper_id": order.shopper_id or ""}
    assert saying.hidden_of(**who) == ([product.pk] if hidden else [])


@pytest.mark.django_db
def test_a_refund_does_not_wait_for_valkey(settings, django_capture_on_commit_callbacks) -> None:
    order, _ = ordered()
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"
    with django_capture_on_commit_callbacks(execute=True):
        assert changing.refund(order).amount == order.total
