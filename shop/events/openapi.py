"""How the events' endpoints are described: by the structs that decode what they take and encode what they answer."""

from __future__ import annotations

from typing import Any

from shop.api.structs import answer, components, operation, parameters, reference
from shop.events.api import EventCount, EventPage
from shop.events.intake import Envelope, IncomingEvent, Receipt
from shop.events.queries import CountQuery, EventQuery, SendQuery
from shop.events.segment_api import Answer, Bundle, Call
from shop.events.types import StoredEvent

_TAKEN = {
    "EventIn": IncomingEvent,
    "EventBatch": Envelope,
    "EventReceipt": Receipt,
    "Event": StoredEvent,
    "EventPage": EventPage,
    "EventCount": EventCount,
    "SegmentCall": Call,
    "SegmentBatch": Bundle,
    "SegmentAnswer": Answer,
}
# Address under /v1/: what it does, and what more there is to say.
_SEGMENT = {
    "track": ("Track an event", "`event` says what happened. "),
    "page": ("Track a page", "A page was looked at. "),
    "screen": ("Track a screen", "A screen of an app was looked at. "),
    "identify": ("Identify a shopper", "`traits` go to the shopper, and the browser's history joins theirs. "),
    "alias": ("Alias a visitor", "The history of `previousId` joins the one of `userId`. "),
    "group": ("Group a shopper", "Kept as an event. "),
    "batch": ("Send a batch of calls", "The good ones are kept, the others are listed. "),
}
_CLIENTS = (
    "Segment's tracking API, for unchanged clients of Segment and RudderStack: their write key is an API key, as the user name of "
    "HTTP Basic, as bearer token or as `writeKey`. Scope: `events:write`."
)


def _segment(name: str, summary: str, words: str) -> dict[str, Any]:
    problem = {"schema": reference("Problem")}
    refused = {"application/json": {"schema": reference("SegmentAnswer")}, "application/problem+json": problem}
    described = operation(
        summary,
        words + _CLIENTS,
        "events",
        {"200": answer("SegmentAnswer"), "400": {"description": "Not one was good", "content": refused}},
        parameters=[],
        body=reference("SegmentBatch" if name == "batch" else "SegmentCall"),
    )
    return {"post": described}


def openapi() -> dict[str, Any]:
    """``/events``, ``/events/count`` and Segment's addresses."""
    schemas = components(_TAKEN, prefix="Event")
    batch = schemas["EventBatch"]
    batch["properties"]["batch"]["items"] = reference("EventIn")
    batch["required"] = ["batch"]
    schemas["SegmentBatch"]["properties"]["batch"]["items"] = reference("SegmentCall")
    schemas["SegmentBatch"]["required"] = ["batch"]
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
    paths = {"/api/v1/events": events, "/api/v1/events/count": {"get": count}}
    paths |= {f"/v1/{name}": _segment(name, *words) for name, words in _SEGMENT.items()}
    return {"paths": paths, "schemas": schemas}
