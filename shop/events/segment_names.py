"""Segment's words and ours: calls, e-commerce events, properties."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from shop.events.intake import Refused
from shop.events.types import snake_case

CALLS = {
    "page": "page_viewed",
    "screen": "screen_viewed",
    "identify": "identified",
    "alias": "aliased",
    "group": "grouped",
}
# Where the snake case of Segment's name (https://segment.com/docs/connections/spec/ecommerce/v2/) is not our type.
EVENTS = {
    "product_added_to_wishlist": "product_wished",
    "product_removed_from_wishlist": "product_unwished",
    "product_reviewed": "product_rated",
    "order_canceled": "order_cancelled",
    "email_opened": "message_opened",
    "email_link_clicked": "message_clicked",
    "push_notification_tapped": "message_clicked",
    "signed_in": "logged_in",
    "signed_out": "logged_out",
    "coupon_entered": "coupon_applied",
}
_ORDERS = frozenset({"order_completed", "order_refunded", "order_cancelled", "order_updated", "checkout_started"})
# Columns of their own: not kept among the properties as well.
_LIFTED = frozenset({"product_id", "productId", "quantity", "query", "slate_id"})


def type_of(call: str, event: str) -> str:
    """Our event type of a Segment call."""
    if call != "track":
        return CALLS[call]
    name = snake_case(event)
    return EVENTS.get(name, name)


def columns(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Product, quantity, value, query and slate out of Segment's properties, and the rest as ``properties``.

    Raises:
        Refused: a number is none.
    """
    quantity = _number(given, "quantity")
    return {
        "product_id": _text(given.get("product_id") or given.get("productId") or given.get("sku")),
        "quantity": None if quantity is None else int(quantity),
        "value": _value(kind, given, quantity),
        "query": _text(given.get("query"))[:200],
        "slate_id": given.get("slate_id") or None,
        "properties": {name: value for name, value in given.items() if name not in _LIFTED} | _products(given),
    }


def _products(given: dict[str, Any]) -> dict[str, Any]:
    """Lines of an order with their product under ``product_id``, whatever the sender called it."""
    lines = given.get("products")
    if not isinstance(lines, list):
        return {}
    renamed = []
    for line in lines:
        if not isinstance(line, dict):
            continue
        product_id = line.get("product_id") or line.get("productId") or line.get("sku") or line.get("id")
        kept = {name: value for name, value in line.items() if name != "productId"}
        renamed.append(kept | ({"product_id": _text(product_id)} if product_id else {}))
    return {"products": renamed}


def _value(kind: str, given: dict[str, Any], quantity: Decimal | None) -> Decimal | None:
    if kind == "product_rated":
        return _number(given, "rating")
    names = ("total", "revenue", "value") if kind in _ORDERS else ("value", "revenue", "total")
    for name in names:
        if given.get(name) not in (None, ""):
            return _number(given, name)
    price = _number(given, "price")
    return None if price is None else price * (quantity or 1)


def _number(given: dict[str, Any], name: str) -> Decimal | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refused(f"properties.{name}", "is not a number") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 10 or isinstance(value, bool):
        raise Refused(f"properties.{name}", "is not a number below 10000000000")
    return number


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
