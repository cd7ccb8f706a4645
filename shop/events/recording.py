"""Recording from our own code: the storefront's views and push."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import structlog

from shop import clock, valkey
from shop.events import stream
from shop.events.ids import event_id
from shop.events.types import StoredEvent

log = structlog.get_logger(__name__)


def make_event(type: str, *, source: str, message_id: str = "", **fields: Any) -> StoredEvent:
    """An event that happens now, with an id of its own (of ``message_id`` where one is given)."""
    now = clock.now()
    message_id = message_id or uuid.uuid4().hex
    identifier = event_id(source, message_id, now)
    return StoredEvent(
        id=identifier, message_id=message_id, type=type, occurred_at=now, received_at=now, source=source, **fields
    )


def record(
    type: str,
    *,
    visitor_id: str,
    shopper_id: str = "",
    product_id: str = "",
    quantity: int | None = None,
    value: Decimal | None = None,
    query: str = "",
    slate_id: uuid.UUID | None = None,
    caused_by: str = "",
    properties: dict[str, Any] | None = None,
    source: str = "storefront",
    simulated: bool = False,
    vouched: bool = True,
) -> uuid.UUID | None:
    """Record an event that happens now: on the stream and in the session, in one round trip.

    Views call it only when ``request.visitor.consented``.

    Args:
        vouched: the browser is known to be the shopper's, who is logged in: what comes next may be made of their history.

    Returns:
        The event's id; None when Valkey is away (logged: a page is worth more than the record of its view).
    """
    event = make_event(
        type,
        source=source,
        visitor_id=visitor_id,
        shopper_id=shopper_id,
        product_id=product_id,
        quantity=quantity,
        value=value,
        query=query[:200].replace("\x00", ""),
        slate_id=slate_id,
        caused_by=caused_by,
        properties=properties or {},
        simulated=simulated,
    )
    try:
        stream.append([event], vouched=vouched)
    except valkey.AWAY as error:
        log.warning("event_unrecorded", type=type, reason=str(error))
        return None
    return event.id
