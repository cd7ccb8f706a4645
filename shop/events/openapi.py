"""How the events' endpoints are described: by the structs that decode what they take and encode what they answer."""

from __future__ import annotations

from typing import Any

from shop.api.structs import answer, components, operation, parameters, reference
from shop.events.api import EventCount, EventPage
from shop.events.intake import Envelope, IncomingEvent, Receipt
from shop.events.queries import CountQuery, EventQuery, SendQuery
from shop.events.types import StoredEvent

_TAKEN = {
    "EventIn": IncomingEvent,
    "EventBatch": Envelope,
    "EventReceipt": Receipt,
    "Event": StoredEvent,
    "EventPage": EventPage,
    "EventCount": EventCount,
}


def openapi() -> dict[str, Any]:
    """``/events`` and ``/events/count``."""
    schemas = components(_TAKEN, prefix="Event")
    batch = schemas["EventBatch"]
    batch["properties"]["batch"]["items"] = reference("EventIn")
    batch["required"] = ["batch"]
    refused = {"allOf": [reference("Problem"), reference("EventReceipt")]}
    problem = {"application/problem+json": {"schema": {"anyOf": [refused, reference("Problem")]}}}
    events = {
        "get": operation(
            "List events",
            "Newest first. Scope: `events:read`.",
            "events",
            {"200": answer("EventPage")},
            parameters=parameters(EventQuery),
        ),
        "post": operation(
            "Send events",
            "One event, or several as `batch`: the good ones are kept, the others are listed. The same `message_id` is stored "
            "once. A publishable key that cannot stand in a header (sendBeacon) stands in `key`. Scope: `events:write`.",
            "events",
            {"202": answer("EventReceipt"), "400": {"description": "Not one was good", "content": problem}},
            parameters=parameters(SendQuery),
            body={"anyOf": [reference("EventIn"), reference("EventBatch")]},
        ),
    }
    count = operation(
        "Count events",
        "Of a visitor or a shopper. Scope: `events:read`.",
        "events",
        {"200": answer("EventCount")},
        parameters=parameters(CountQuery),
    )
    return {"paths": {"/api/v1/events": events, "/api/v1/events/count": {"get": count}}, "schemas": schemas}
