"""``/api/v1/events``: send events, count them, list them. Plain views on the short path (config/wsgi.py)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import structlog
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from shop import clock, valkey
from shop.api import problems
from shop.api.bodies import BodyTooLarge, BodyUnreadable, read_body
from shop.api.keys import KeyInfo, token_of
from shop.api.plain import JSON, RETRY_AFTER, Stop, by_method, read_query, require_key, wrong_query
from shop.events import live, stream
from shop.events.intake import MAX_BODY_BYTES, Intake, Malformed, Receipt, Rejection, read_envelope, take
from shop.events.models import Event
from shop.events.queries import CountQuery, EventFilter, EventQuery, SendQuery
from shop.events.types import StoredEvent
from shop.events.visitors import is_simulated
from shop.people.models import Visitor

log = structlog.get_logger(__name__)

# A Lua script holds up Valkey while it runs: about 10 us an event.
EVENTS_A_ROUND_TRIP = 1000
_encode = msgspec.json.Encoder(decimal_format="string").encode


@csrf_exempt
def events(request: HttpRequest) -> HttpResponse:
    """POST one event or a batch; GET what is stored."""
    return by_method(request, {"GET": _list, "POST": _post})


@csrf_exempt
def count(request: HttpRequest) -> HttpResponse:
    """How many events are stored of a visitor or shopper; of everybody there is no count, which would read the whole table."""
    return by_method(request, {"GET": _count})


def read_or_stop(request: HttpRequest) -> bytes:
    """The body.

    Raises:
        Stop: 413 or 400.
    """
    try:
        return read_body(request, MAX_BODY_BYTES)
    except BodyTooLarge:
        detail = f"A request holds at most {MAX_BODY_BYTES // 1024} KB. Send smaller batches."
        raise Stop(problems.response("too_large", 413, detail)) from None
    except BodyUnreadable as error:
        raise Stop(problems.response("parse_error", 400, str(error))) from None


def _post(request: HttpRequest) -> HttpResponse:
    token = token_of(request)
    query = read_query(request, SendQuery)
    if token:
        # Before the body is read: a stranger costs nothing.
        key = require_key(request, token, "events:write")
    body = read_or_stop(request)
    try:
        raws, envelope = read_envelope(body)
    except Malformed as error:
        if not token:
            require_key(request, query.key, "events:write")
        raise Stop(problems.response("parse_error", 400, f"The body is no event and no batch: {error}")) from None
    if not token:
        # sendBeacon cannot set headers: a publishable key may stand in the address or the body.
        key = require_key(request, query.key or envelope.key, "events:write")
        if key.is_secret:
            raise Stop(
                problems.response("secret_key_exposed", 403, "Send a secret key in the Authorization header only.")
            )
    intake = Intake(
        received_at=clock.now(), source="api" if key.is_secret else "tracker", simulated=is_simulated(request)
    )
    take(raws, envelope.sent_at, intake)
    if not query.dry_run:
        append_or_stop(intake, key)
    return _receipt(intake, single=envelope.batch is msgspec.UNSET)


def append_or_stop(intake: Intake, key: KeyInfo) -> None:
    """Put the good events on the stream, note the refused ones for the live view.

    Raises:
        Stop: 503, nothing may be taken as accepted; events with a message id may be sent again.
    """
    remember = frozenset(intake.remember)
    try:
        for start in range(0, len(intake.events), EVENTS_A_ROUND_TRIP):
            part = intake.events[start : start + EVENTS_A_ROUND_TRIP]
            stream.append(part, remember=remember, vouched=key.is_secret)
    except valkey.AWAY as error:
        log.warning("events_not_taken", reason=str(error), events=len(intake.events))
        detail = "Events cannot be taken right now. Send them again with the same message ids."
        raise Stop(problems.response("unavailable", 503, detail, headers=RETRY_AFTER)) from None
    if intake.rejected:
        live.note_refused(intake.rejected, source=intake.source, key_prefix=key.prefix)


def _receipt(intake: Intake, *, single: bool) -> HttpResponse:
    receipt = Receipt(len(intake.events), intake.rejected)
    if intake.rejected and not intake.events:
        return _all_refused(receipt, single=single)
    return HttpResponse(_encode(receipt), status=202, content_type=JSON)


def _all_refused(receipt: Receipt, *, single: bool) -> HttpResponse:
    """Not one event was good: a problem, so that a client that only looks at the status notices.

    Args:
        single: the body was one event, not a batch: pointers are into it.
    """
    problem = problems.body(
        "invalid",
        400,
        "Every event was refused.",
        errors=[
            {"pointer": _pointer(one, single=single), "code": "invalid", "message": one.reason}
            for one in receipt.rejected
        ],
    )
    problem |= {"accepted": 0, "rejected": receipt.rejected}
    return HttpResponse(_encode(problem), status=400, content_type=problems.CONTENT_TYPE)


def _pointer(one: Rejection, *, single: bool) -> str:
    place = "" if single else f"/batch/{one.index}"
    return place + (f"/{one.field.replace('.', '/')}" if one.field else "")


# Reading -----------------------------------------------------------------------------------------------------------------


class EventPage(msgspec.Struct):
    """Stored events, newest first, and the address of the next page (null on the last)."""

    data: list[StoredEvent]
    next: str | None


class EventCount(msgspec.Struct):
    """How many there are."""

    count: int


def _chosen(query: EventFilter) -> QuerySet[Event]:
    given = {name: getattr(query, name) for name in EventFilter.__struct_fields__ if getattr(query, name)}
    since, until = given.pop("since", None), given.pop("until", None)
    shopper_id = given.pop("shopper_id", "")
    chosen = Event.objects.filter(**given)
    if shopper_id:
        # The subject's own rows, and what they did before they were known.
        visitors = list(Visitor.objects.filter(shopper=shopper_id).values_list("pk", flat=True))
        chosen = chosen.filter(Q(shopper_id=shopper_id) | Q(visitor_id__in=visitors, shopper_id=""))
    if since:
        chosen = chosen.filter(occurred_at__gte=_in_utc(since, "since"))
    return chosen.filter(occurred_at__lt=_in_utc(until, "until")) if until else chosen


def _in_utc(moment: datetime, name: str) -> datetime:
    """PostgreSQL knows no zones of more than 16 hours, RFC 3339 allows them."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Stop(wrong_query(name, "Before the year 1 or after 9999.")) from None


def _list(request: HttpRequest) -> HttpResponse:
    """Newest first by id; ``next`` is the address of the next page, or null."""
    require_key(request, token_of(request), "events:read")
    query = read_query(request, EventQuery)
    chosen = _chosen(query)
    if query.cursor:
        chosen = chosen.filter(id__lt=query.cursor)
    rows = list(chosen.order_by("-id")[: query.limit + 1])
    following = None
    if len(rows) > query.limit:
        rows.pop()
        parameters = {**request.GET.dict(), "cursor": str(rows[-1].id)}
        following = request.build_absolute_uri(f"{request.path}?{urlencode(parameters)}")
    content = {"data": [_row(row) for row in rows], "next": following}
    return HttpResponse(_encode(content), content_type=JSON, headers={"Cache-Control": "private, no-store"})


def _count(request: HttpRequest) -> HttpResponse:
    require_key(request, token_of(request), "events:read")
    query = read_query(request, CountQuery)
    if not (query.visitor_id or query.shopper_id):
        raise Stop(wrong_query("visitor_id", "This or shopper_id is needed."))
    content = _encode(EventCount(_chosen(query).count()))
    return HttpResponse(content, content_type=JSON, headers={"Cache-Control": "private, no-store"})


def _row(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in StoredEvent.__struct_fields__}
