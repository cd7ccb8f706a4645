"""What comes in from outside: bodies to events, or to refusals that name index, field and reason.

Shapes are msgspec structs, which are also the components of the OpenAPI schema. What an event may be is said in
docs/reference/events.md; limits are constants here.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shop.events.ids import event_id
from shop.events.personal import blank, is_address, without_personal
from shop.events.types import TYPE_PATTERN, Moment, StoredEvent

MAX_EVENT_BYTES = 32 * 1024
MAX_BODY_BYTES = 500 * 1024
MAX_VALUE = Decimal(10) ** 10
# A clock that is ahead by less is taken for right, and the event for one of now.
FUTURE_TOLERANCE = timedelta(minutes=5)
OLDEST = timedelta(days=366)

ShortId = Annotated[str, Meta(max_length=64)]
LongId = Annotated[str, Meta(max_length=128)]


class IncomingEvent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename=None):
    """One thing a shopper did. It needs a visitor or a shopper; fields of your own belong into ``properties``."""

    type: Annotated[
        str,
        Meta(pattern=TYPE_PATTERN, description="snake_case, such as product_viewed", examples=["product_viewed"]),
    ]
    message_id: Annotated[LongId, Meta(description="Yours, the same in a retry: the event is stored once")] = ""
    visitor_id: Annotated[ShortId, Meta(description="The anonymous browser")] = ""
    shopper_id: Annotated[LongId, Meta(description="The known person, by the shop's own key; never an address")] = ""
    product_id: Annotated[LongId, Meta(description="The shop's own key")] = ""
    quantity: Annotated[
        Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] | None,
        Meta(description="Pieces, of which `product_id` is one"),
    ] = None
    value: Annotated[Decimal | None, Meta(description="Money, as a decimal string or number")] = None
    query: Annotated[str, Meta(max_length=200, description="What was searched for")] = ""
    slate_id: Annotated[uuid.UUID | None, Meta(description="The recommendations it came from")] = None
    caused_by: Annotated[ShortId, Meta(description="Message or slate that led here")] = ""
    occurred_at: Annotated[Moment | None, Meta(description="By the sender's clock; default: now")] = None
    sent_at: Annotated[Moment | None, Meta(description="By the same clock, to correct it")] = None
    properties: Annotated[dict[str, Any], Meta(description="Anything else; personal data are dropped")] = {}
    simulated: Annotated[bool, Meta(description="Done by no person: figures tell it apart")] = False


class Envelope(msgspec.Struct, kw_only=True):
    """Several events in one request."""

    batch: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    sent_at: Moment | None = None
    key: str = ""


class Rejection(msgspec.Struct):
    """An event that was refused: where it stood in the batch, the field at fault (empty: the whole event), and why."""

    index: int
    field: str
    reason: str


class Receipt(msgspec.Struct):
    """What became of a request's events."""

    accepted: int
    rejected: list[Rejection]


@dataclass
class Intake:
    """The events of one request.

    Attributes:
        remember: message ids that came without a time of the sender, so that only Valkey can know them again.
    """

    received_at: datetime
    source: str
    simulated: bool = False
    events: list[StoredEvent] = field(default_factory=list)
    remember: set[str] = field(default_factory=set)
    rejected: list[Rejection] = field(default_factory=list)

    def refuse(self, index: int, name: str, reason: str) -> None:
        """Note a refusal."""
        self.rejected.append(Rejection(index, name, reason))

    def add(self, index: int, event: IncomingEvent, sent_at: datetime | None = None) -> None:
        """Check what its shape cannot, and take it or refuse it."""
        try:
            self.events.append(self._stored(event, event.sent_at or sent_at))
        except Refused as refusal:
            self.refuse(index, refusal.field, refusal.reason)

    def _stored(self, event: IncomingEvent, sent_at: datetime | None) -> StoredEvent:
        check_ids(event)
        stated = event.occurred_at
        occurred_at = happened(stated, sent_at, self.received_at)
        message_id = event.message_id
        if not message_id:
            message_id = uuid.uuid4().hex
        elif stated is None:
            self.remember.add(message_id)
        try:
            identifier = event_id(self.source, message_id, stated or occurred_at)
        except (ValueError, OverflowError):
            raise Refused("occurred_at", "is before 1970") from None
        return StoredEvent(
            id=identifier,
            message_id=message_id,
            type=event.type,
            occurred_at=occurred_at,
            received_at=self.received_at,
            visitor_id=event.visitor_id,
            shopper_id=event.shopper_id,
            product_id=event.product_id,
            quantity=event.quantity,
            value=event.value,
            query=blank(event.query) if "@" in event.query else event.query,
            slate_id=event.slate_id,
            caused_by=event.caused_by,
            properties=without_personal(event.properties) if event.properties else event.properties,
            source=self.source,
            simulated=self.simulated or event.simulated,
        )


class Refused(Exception):
    """An event cannot be taken."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.field, self.reason = name, reason


class Malformed(Exception):
    """The body as a whole is no JSON of ours."""


_decode_event = msgspec.json.Decoder(IncomingEvent).decode
_decode_envelope = msgspec.json.Decoder(Envelope).decode
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")


def read_envelope(body: bytes) -> tuple[list[bytes | memoryview], Envelope]:
    """The raw events of a body (one event, or ``{"batch": [...]}``) and what stands around them.

    Raises:
        Malformed: it is no JSON object, or its envelope is wrong.
    """
    try:
        envelope = _decode_envelope(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from None
    if envelope.batch is msgspec.UNSET:
        envelope.sent_at = None
        return [body], envelope
    return [memoryview(raw) for raw in envelope.batch], envelope


def take(raws: Iterable[bytes | memoryview], sent_at: datetime | None, intake: Intake) -> None:
    """Decode raw events into ``intake``; those that are wrong become refusals."""
    for index, raw in enumerate(raws):
        if len(raw) > MAX_EVENT_BYTES:
            intake.refuse(index, "", f"is larger than {MAX_EVENT_BYTES // 1024} KB")
            continue
        try:
            event = _decode_event(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            intake.refuse(index, *explain(error))
            continue
        if b"\\u0000" in bytes(raw) and (name := field_with_nul(event)):
            intake.refuse(index, name, "contains a NUL character")
            continue
        intake.add(index, event, sent_at)


def explain(error: Exception) -> tuple[str, str]:
    """Field and reason in words of a msgspec error."""
    if isinstance(error, RecursionError):
        return "", "is nested too deeply"
    text = str(error)
    if unknown := _UNKNOWN.search(text):
        return unknown[1], "is not a field of an event: put it into properties"
    if missing := _MISSING.search(text):
        return missing[1], "is missing"
    path = _PATH.search(text)
    reason = _PATH.sub("", text).replace("Expected", "expected", 1).replace("`", "")
    return (path[1] if path else ""), "is not snake_case, such as product_viewed" if TYPE_PATTERN in reason else reason


def check_ids(event: IncomingEvent) -> None:
    """Refuse an event without a subject, ids with control characters, addresses as ids, and impossible values."""
    if not (event.visitor_id or event.shopper_id):
        raise Refused("visitor_id", "or shopper_id is needed")
    together = event.visitor_id + event.shopper_id + event.product_id + event.message_id + event.caused_by
    if not together.isprintable():
        for name in ("visitor_id", "shopper_id", "product_id", "message_id", "caused_by"):
            if not getattr(event, name).isprintable():
                raise Refused(name, "contains a control character")
    if "@" in together:
        for name in ("visitor_id", "shopper_id", "message_id"):
            if is_address(getattr(event, name)):
                raise Refused(name, "is an e-mail address: events hold no personal data")
    if event.value is not None and not (event.value.is_finite() and abs(event.value) < MAX_VALUE):
        raise Refused("value", "is not a number below 10000000000")


def happened(stated: datetime | None, sent_at: datetime | None, received_at: datetime) -> datetime:
    """When an event happened by our clock: received - (sent - stated), so that a wrong clock cancels out.

    Raises:
        Refused: in the future, or over a year ago.
    """
    if stated is None:
        return received_at
    try:
        moment = received_at - (sent_at - stated) if sent_at is not None else stated.astimezone(UTC)
    except OverflowError:
        raise Refused("occurred_at", "is impossible") from None
    if moment > received_at:
        if moment > received_at + FUTURE_TOLERANCE:
            raise Refused("occurred_at", "is in the future: send sent_at by the same clock, and it is corrected")
        return received_at
    if moment < received_at - OLDEST:
        raise Refused("occurred_at", "is over a year ago")
    return moment


def field_with_nul(event: msgspec.Struct) -> str:
    """Name, as senders spell it, of a field whose text holds NUL, which PostgreSQL cannot store; empty if none does."""
    for name, spoken in zip(event.__struct_fields__, event.__struct_encode_fields__, strict=True):
        if _holds_nul(getattr(event, name)):
            return spoken
    return ""


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in key or _holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
