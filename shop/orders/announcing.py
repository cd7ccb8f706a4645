"""The events of an order, each written in the transaction that changes the order (outbox) and put on the stream at its commit."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from shop import clock
from shop.events import ids, outbox
from shop.events.types import StoredEvent
from shop.orders.models import Order, Refund


def put_completed(order: Order, *, visitor_id: str) -> None:
    """Write the event of a paid order beside it (same transaction); ``visitor_id`` is empty without consent.

    It happened when the order was placed, also where the bank said yes later: what was put into a cart since is none of it.
    """
    _put(order, "order_completed", str(order.pk), order.placed_at, visitor_id, value=order.total, more=_bill(order))


def put_cancelled(order: Order, given_back: Decimal) -> None:
    """Write ``order_cancelled``; ``value`` is the order's total, ``properties.refunded`` what was given back by it.

    What was given back before has ``order_refunded`` of its own.
    """
    properties = {**_bill(order), "refunded": str(given_back)}
    key = f"{order.pk}:cancelled"
    _put(order, "order_cancelled", key, clock.now(), order.visitor_id, value=order.total, more=properties)


def put_refunded(order: Order, refund: Refund) -> None:
    """Write ``order_refunded``; ``value`` is what was given back, ``properties.products`` what came back."""
    prices = {line.product_id: line.unit_price for line in order.lines.all()}
    properties = {
        "refund_id": str(refund.pk),
        "reason": refund.reason,
        "products": [{**line, "price": str(prices[line["product_id"]])} for line in refund.lines],
    }
    key = f"{order.pk}:refund:{refund.pk}"
    _put(order, "order_refunded", key, refund.at, order.visitor_id, value=refund.amount, more=properties)


def _put(order: Order, type: str, key: str, at: datetime, visitor_id: str, *, value: Any, more: dict[str, Any]) -> None:
    outbox.put(
        StoredEvent(
            id=ids.event_id("order", key, at),
            message_id=f"order-{key}",
            type=type,
            occurred_at=at,
            received_at=clock.now(),
            visitor_id=visitor_id,
            shopper_id=order.shopper_id or "",
            value=value,
            properties={
                "order_id": str(order.pk),
                "order_number": order.number,
                "currency": order.currency,
                **more,
            },
            source=order.source,
            simulated=order.simulated,
        )
    )


def _bill(order: Order) -> dict[str, Any]:
    return {
        "subtotal": str(order.subtotal),
        "delivery": str(order.delivery),
        "discount": str(order.discount),
        "products": [
            {
                "product_id": line.product_id,
                "quantity": line.quantity,
                "price": str(line.unit_price),
                "slate_id": str(line.slate_id) if line.slate_id else None,
            }
            for line in order.lines.order_by("id")
        ],
    }
