"""``/api/v1/events``: send events, count them, list them. Plain views on the short path (config/wsgi.py)."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import msgspec
import orjson
import structlog
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt

from shop import clock, valkey
from shop.api import cors, problems
from shop.api.bodies import BodyTooLarge, BodyUnreadable, read_body
from shop.api.keys import KeyInfo, find_key, token_of
from shop.events import live, stream
from shop.events.intake import MAX_BODY_BYTES, Intake, Malformed, Receipt, read_envelope, take
from shop.events.models import Event
from shop.events.types import StoredEvent
from shop.events.visitors import is_simulated

log = structlog.get_logger(__name__)

JSON = "application/json"
RETRY_AFTER = {"Retry-After": "2"}
# A Lua script holds up Valkey while it runs: about 10 us an event.
EVENTS_A_ROUND_TRIP = 1000
PAGE, LARGEST_PAGE = 50, 1000
_encode = msgspec.json.Encoder(decimal_format="string").encode


class Stop(Exception):
    """Answer with this response."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


@csrf_exempt
def events(request: HttpRequest) -> HttpResponse:
    """POST one event or a batch; GET what is stored."""
    if request.method == "OPTIONS":
        return cors.preflight(request, "GET, POST, OPTIONS")
    try:
        if request.method == "POST":
            response = _post(request)
        elif request.method in ("GET", "HEAD"):
            response = _list(request)
        else:
            response = problems.response(
                "method_not_allowed", 405, "GET or POST.", headers={"Allow": "GET, POST, OPTIONS"}
            )
    except Stop as stop:
        response = stop.response
    return cors.allow(request, response)


def count(request: HttpRequest) -> HttpResponse:
    """How many events are stored of a visitor, shopper, type or time."""
    if request.method == "OPTIONS":
        return cors.preflight(request, "GET, OPTIONS")
    try:
        require_key(request, token_of(request), "events:read")
        content = {"count": _chosen(request).count()}
        return cors.allow(request, HttpResponse(orjson.dumps(content), content_type=JSON))
    except Stop as stop:
        return cors.allow(request, stop.response)


def require_key(request: HttpRequest, token: str, scope: str) -> KeyInfo:
    """The key, if it may do this from where it is called.

    Raises:
        Stop: 401, 403, or 503 when it cannot be looked up.
    """
    try:
        key = find_key(token) if token else None
    except OperationalError:
        raise Stop(
            problems.response("unavailable", 503, "The database is away. Try again.", headers=RETRY_AFTER)
        ) from None
    if key is None:
        headers = {"WWW-Authenticate": 'Bearer realm="pushcart"'}
        raise Stop(
            problems.response("not_authenticated", 401, "This API key is missing, unknown or revoked.", headers=headers)
        )
    if not key.allows(scope):
        raise Stop(problems.response("permission_denied", 403, f"This API key lacks the scope {scope}."))
    if cors.origin_refused(request, key):
        raise Stop(problems.response("origin_refused", 403, "This key is not for pages of this origin."))
    return key


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
        raise Stop(problems.response("malformed", 400, str(error))) from None


def _post(request: HttpRequest) -> HttpResponse:
    token = token_of(request)
    if token:
        # Before the body is read: a stranger costs nothing.
        key = require_key(request, token, "events:write")
    body = read_or_stop(request)
    try:
        raws, envelope = read_envelope(body)
    except Malformed as error:
        raise Stop(problems.response("malformed", 400, f"The body is no event and no batch: {error}")) from None
    if not token:
        # sendBeacon cannot set headers: a publishable key may stand in the address or the body.
        key = require_key(request, request.GET.get("key", "") or envelope.key, "events:write")
        if key.is_secret:
            raise Stop(
                problems.response("secret_key_exposed", 403, "Send a secret key in the Authorization header only.")
            )
    intake = Intake(
        received_at=clock.now(), source="api" if key.is_secret else "tracker", simulated=is_simulated(request)
    )
    take(raws, envelope.sent_at, intake)
    if request.GET.get("dry_run") not in ("1", "true"):
        append_or_stop(intake, key)
    return _receipt(intake)


def append_or_stop(intake: Intake, key: KeyInfo) -> None:
    """Put the good events on the stream, note the refused ones for the live view.

    Raises:
        Stop: 503, nothing may be taken as accepted; events with a message id may be sent again.
    """
    remember = frozenset(intake.remember)
    try:
        for start in range(0, len(intake.events), EVENTS_A_ROUND_TRIP):
            stream.append(intake.events[start : start + EVENTS_A_ROUND_TRIP], remember=remember)
    except valkey.AWAY as error:
        log.warning("events_not_taken", reason=str(error), events=len(intake.events))
        detail = "Events cannot be taken right now. Send them again with the same message ids."
        raise Stop(problems.response("unavailable", 503, detail, headers=RETRY_AFTER)) from None
    if intake.rejected:
        live.note_refused(intake.rejected, source=intake.source, key_prefix=key.prefix)


def _receipt(intake: Intake) -> HttpResponse:
    receipt = Receipt(len(intake.events), intake.rejected)
    if intake.rejected and not intake.events:
        return all_refused(receipt)
    return HttpResponse(_encode(receipt), status=202, content_type=JSON)


def all_refused(receipt: Receipt) -> HttpResponse:
    """Not one event was good: a problem, so that a client that only looks at the status notices."""
    problem = problems.body(
        "invalid",
        400,
        "Every event was refused.",
        errors=[
            {"pointer": f"/batch/{one.index}/{one.field.replace('.', '/')}", "code": "invalid", "message": one.reason}
            for one in receipt.rejected
        ],
    )
    problem |= {"accepted": 0, "rejected": receipt.rejected}
    return HttpResponse(_encode(problem), status=400, content_type=problems.CONTENT_TYPE)


# Reading -----------------------------------------------------------------------------------------------------------------

FILTERS = ("visitor_id", "shopper_id", "product_id", "session_id", "type", "message_id", "source", "slate_id")


def _chosen(request: HttpRequest) -> QuerySet[Event]:
    given = request.GET
    chosen = Event.objects.filter(**{name: given[name] for name in FILTERS if given.get(name) and name != "slate_id"})
    if given.get("slate_id"):
        chosen = chosen.filter(slate_id=_parsed(uuid.UUID, given["slate_id"], "slate_id"))
    if given.get("since"):
        since = _moment(given["since"], "since")
        chosen = chosen.filter(occurred_at__gte=since)
    if given.get("until"):
        chosen = chosen.filter(occurred_at__lt=_moment(given["until"], "until"))
    for name in FILTERS:
        if "\x00" in given.get(name, ""):
            raise Stop(_wrong(name, "contains a NUL character"))
    return chosen


def _list(request: HttpRequest) -> HttpResponse:
    """Newest first by id; ``next`` is the address of the next page, or null."""
    require_key(request, token_of(request), "events:read")
    size = request.GET.get("limit", str(PAGE))
    if not (size.isascii() and size.isdigit() and 1 <= int(size[:6]) <= LARGEST_PAGE):
        raise Stop(_wrong("limit", f"is not a whole number from 1 to {LARGEST_PAGE}"))
    chosen = _chosen(request)
    if cursor := request.GET.get("cursor"):
        chosen = chosen.filter(id__lt=_parsed(uuid.UUID, cursor, "cursor"))
    rows = list(chosen.order_by("-id")[: int(size) + 1])
    following = None
    if len(rows) > int(size):
        rows.pop()
        query = {**request.GET.dict(), "cursor": str(rows[-1].id)}
        following = request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
    content = {"data": [_row(row) for row in rows], "next": following}
    return HttpResponse(_encode(content), content_type=JSON, headers={"Cache-Control": "private, no-store"})


def _row(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in StoredEvent.__struct_fields__}


def _parsed(kind: Any, text: str, name: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Stop(_wrong(name, "is not valid")) from None


def _moment(text: str, name: str) -> Any:
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Stop(_wrong(name, "is not a time with a zone, such as 2026-11-24T00:00:00Z"))
    return moment


def _wrong(name: str, reason: str) -> HttpResponse:
    errors = [{"parameter": name, "code": "invalid", "message": reason}]
    return problems.response("invalid", 400, "Some parameters are wrong.", errors=errors)
