"""The ``order_completed`` event of an order, written in the order's own transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shop import clock
from shop.events import ids, outbox
from shop.events.types import StoredEvent
from shop.orders.models import Order


def completed_id(order: Order) -> UUID:
    """The id of an order's event: the same however often it is made."""
    return ids.event_id("order", str(order.pk), order.placed_at)


def _properties(order: Order) -> dict[str, Any]:
    lines = order.lines.order_by("id")
    return {
        "order_id": str(order.pk),
        "order_number": order.number,
        "currency": order.currency,
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
            for line in lines
        ],
    }


def put_completed(order: Order, *, visitor_id: str) -> None:
    """Write the event of a paid order beside it (same transaction); ``visitor_id`` is empty without consent."""
    outbox.put(
        StoredEvent(
            id=completed_id(order),
            message_id=f"order-{order.pk}",
            type="order_completed",
            occurred_at=order.placed_at,
            received_at=clock.now(),
            visitor_id=visitor_id,
            shopper_id=order.shopper_id or "",
            value=order.total,
            properties=_properties(order),
            source=order.source,
            simulated=order.simulated,
        )
    )
