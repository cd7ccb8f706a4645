"""Orders over the API: confirmed, sent, cancelled, refunded, once for each Idempotency-Key."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from shop.models import AuditEntry, Order
from shop.orders.payment import PENDING_CARD
from tests.factories.catalogue import make_product
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_shopper, make_visitor
from tests.shop.api.calling import with_scopes

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending() -> Order:
    visitor = make_visitor()
    return order_cart(make_cart(visitor, make_product(price=Decimal("50.00"))), visitor, card_number=PENDING_CARD)


def test_an_order_is_confirmed_sent_and_given_back(secret, pending) -> None:
    path = f"/orders/{pending.pk}"
    assert orjson.loads(secret("POST", f"{path}/confirm", {"reason": "bank file"}).content)["status"] == "paid"
    assert orjson.loads(secret("POST", f"{path}/ship", {}).content)["status"] == "shipped"
    late = secret("POST", f"{path}/cancel", {})
    assert (late.status_code, orjson.loads(late.content)["code"]) == (409, "conflict")
    for _ in range(2):
        part = secret("POST", f"{path}/refund", {"amount": "4.50", "reason": "goodwill"}, idempotency_key="r-1")
        assert orjson.loads(part.content)["refunded"] == "4.50"
    whole = orjson.loads(secret("POST", f"{path}/refund", {}).content)
    assert (whole["status"], whole["refunded"]) == ("refunded", "50.00")
    entry = AuditEntry.objects.get(action="order.confirm")
    assert entry.reason == "bank file"
    assert entry.api_key


def test_cancelling_twice_is_once(secret, pending) -> None:
    answers = [secret("POST", f"/orders/{pending.pk}/cancel", {}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert pending.lines.get().product.stock == 10


@pytest.mark.parametrize(
    "body",
    [
        {"lines": [{"product_id": "none", "quantity": 1}]},
        {"amount": "50.01"},
        {"lines": []},
    ],
)
def test_more_than_is_left_is_a_conflict(secret, pending, body) -> None:
    secret("POST", f"/orders/{pending.pk}/confirm", {})
    answer = secret("POST", f"/orders/{pending.pk}/refund", body)
    assert answer.status_code == 409, answer.content


def test_orders_are_changed_only_with_the_scope_for_it(publishable, pending) -> None:
    for act in ("confirm", "ship", "cancel", "refund"):
        assert with_scopes("orders:read")("POST", f"/orders/{pending.pk}/{act}", {}).status_code == 403
        assert publishable("POST", f"/orders/{pending.pk}/{act}", {}).status_code == 403
    assert with_scopes("orders:write")("POST", f"/orders/{make_visitor().id}/cancel", {}).status_code == 404


def test_an_order_of_the_shops_own_system_is_taken_once(secret) -> None:
    product, shopper = make_product(stock=1), make_shopper()
    order = {
        "reference": "web-1001",
        "shopper_id": shopper.pk,
        "lines": [{"product_id": product.pk, "quantity": 3, "unit_price": "2.50"}],
        "delivery": "3.90",
    }
    first = secret("POST", "/orders", order)
    assert (first.status_code, first.json()["total"]) == (201, "11.40")
    again = secret("POST", "/orders", order)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert Order.objects.count() == 1
    product.refresh_from_db()
    assert product.stock == 1
    assert secret("GET", "/orders?reference=web-1001").json()["data"][0]["number"] == first.json()["number"]
    assert secret("GET", f"/orders/{first.json()['id']}").json()["lines"][0]["quantity"] == 3
