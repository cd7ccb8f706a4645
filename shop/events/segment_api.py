"""Segment's HTTP tracking API, spoken by the unchanged clients of Segment and RudderStack (docs/how-to/track-a-shop.md).

A call becomes an event as if it had come by ``/api/v1/events``; its traits go to the shopper (:mod:`shop.events.identities`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from msgspec import Meta

from shop import clock
from shop.api import cors, problems
from shop.api.keys import KeyInfo, token_of
from shop.api.plain import JSON, RETRY_AFTER, Stop, by_method, require_key
from shop.events import identities
from shop.events.api import append_or_stop, read_or_stop
from shop.events.intake import MAX_EVENT_BYTES, IncomingEvent, Intake, Refused, Rejection, explain, field_with_nul
from shop.events.personal import without_personal
from shop.events.segment_names import CALLS, columns, type_of
from shop.events.visitors import is_simulated

SHORT_PATHS = {"t": "track", "p": "page", "i": "identify", "a": "alias", "s": "screen", "g": "group", "b": "batch"}
# Our fields by the names that the caller gave them.
SPOKEN = {
    "message_id": "messageId",
    "visitor_id": "anonymousId",
    "shopper_id": "userId",
    "occurred_at": "timestamp",
    **{name: f"properties.{name}" for name in ("product_id", "quantity", "value", "query", "slate_id", "caused_by")},
}
NAMING = "has no letter a-z and no digit: name it as Segment does, such as Product Viewed"
_encode = msgspec.json.Encoder().encode


class Call(msgspec.Struct, kw_only=True, rename="camel"):
    """One call of a Segment client. It needs `anonymousId` or `userId`; members that say nothing to us are passed over."""

    type: Annotated[str, Meta(description="In a batch: track, page, screen, identify, alias or group")] = ""
    message_id: Annotated[str | None, Meta(description="The same in a retry: the event is stored once")] = None
    user_id: Annotated[str | int | None, Meta(description="The known person, by the shop's own key")] = None
    anonymous_id: Annotated[str | int | None, Meta(description="The anonymous browser")] = None
    previous_id: Annotated[str | int | None, Meta(description="alias: the anonymous id until now")] = None
    group_id: str | int | None = None
    event: Annotated[str | None, Meta(description="track: what happened, such as Product Viewed")] = None
    name: Annotated[str | None, Meta(description="page, screen: its name")] = None
    category: str | None = None
    properties: Annotated[dict[str, Any] | None, Meta(description="Such as product_id, quantity, price")] = None
    traits: Annotated[dict[str, Any] | None, Meta(description="identify: what is known of the person")] = None
    context: dict[str, Any] | None = None
    original_timestamp: datetime | None = None
    timestamp: datetime | None = None
    sent_at: Annotated[datetime | None, Meta(description="By the same clock, to correct it")] = None


class Bundle(msgspec.Struct, kw_only=True, rename="camel"):
    """Several calls in one request; also what stands around a single one."""

    batch: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    sent_at: datetime | None = None
    write_key: Annotated[str | None, Meta(description="The API key, where no header can be sent")] = None


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of a request's calls. `rejected` lists those that were refused, the others are kept."""

    success: bool
    code: str = ""
    message: str = ""
    rejected: list[Rejection] = []


_decode_call = msgspec.json.Decoder(Call).decode
_decode_bundle = msgspec.json.Decoder(Bundle).decode


@csrf_exempt
def call(request: HttpRequest, name: str) -> HttpResponse:
    """``/v1/track`` and the others, by long name or the one letter of analytics.js."""

    def post(request: HttpRequest) -> HttpResponse:
        try:
            return _take(request, SHORT_PATHS.get(name, name))
        except OperationalError:
            detail = "The database is away. Send again."
            raise Stop(problems.response("unavailable", 503, detail, headers=RETRY_AFTER)) from None

    response = by_method(request, {"POST": post})
    return _with_message(response) if response.headers.get("Content-Type") == problems.CONTENT_TYPE else response


def _with_message(response: HttpResponse) -> HttpResponse:
    """The clients look for ``code`` and ``message``, and try again for ever without."""
    problem = msgspec.json.decode(response.content)
    response.content = _encode({**problem, "success": False, "message": problem["detail"]})
    return response


def client_settings(request: HttpRequest, write_key: str) -> HttpResponse:
    """What analytics.js asks before it sends: only one destination, this host."""
    destination = {"apiKey": write_key, "apiHost": f"{request.get_host()}/v1", "protocol": request.scheme}
    content = {"integrations": {"Segment.io": destination}, "plan": {"track": {"__default": {"enabled": True}}}}
    return cors.allow(request, HttpResponse(_encode(content), content_type=JSON))


@csrf_exempt
def metrics(request: HttpRequest) -> HttpResponse:
    """analytics.js reports on itself; nobody here wants to know."""
    return cors.allow(request, HttpResponse(b'{"success": true}', content_type=JSON))


def _take(request: HttpRequest, name: str) -> HttpResponse:
    token = token_of(request)
    key = require_key(request, token, "events:write") if token else None
    body = read_or_stop(request)
    try:
        bundle = _decode_bundle(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Stop(
            problems.response("parse_error", 400, f"The body is not JSON of a Segment client: {error}")
        ) from None
    key = key or require_key(request, bundle.write_key or request.GET.get("writeKey", ""), "events:write")
    source = "segment_server" if key.is_secret else "segment"
    intake = Intake(received_at=clock.now(), source=source, simulated=is_simulated(request))
    raws: Sequence[msgspec.Raw | bytes] = [body]
    if name in ("batch", "import"):
        if bundle.batch is msgspec.UNSET:
            raise Stop(problems.response("invalid", 400, 'batch is missing: send {"batch": [...]}, a list of calls.'))
        raws, name = bundle.batch, ""
    for index, raw in enumerate(raws):
        _take_one(bytes(raw), index, name, bundle.sent_at, intake, key)
    for refusal in intake.rejected:
        refusal.field = SPOKEN.get(refusal.field, refusal.field)
        refusal.reason = refusal.reason.replace("shopper_id", "userId")
    append_or_stop(intake, key)
    if intake.rejected and not intake.events:
        first = intake.rejected[0]
        message = f"Every call was refused: {first.field} {first.reason}"
        content = _encode(Answer(success=False, code="invalid", message=message, rejected=intake.rejected))
        return HttpResponse(content, status=400, content_type=JSON)
    return HttpResponse(_encode(Answer(success=True, rejected=intake.rejected)), content_type=JSON)


def _take_one(raw: bytes, index: int, name: str, sent_at: datetime | None, intake: Intake, key: KeyInfo) -> None:
    if len(raw) > MAX_EVENT_BYTES:
        intake.refuse(index, "", f"is larger than {MAX_EVENT_BYTES // 1024} KB")
        return
    try:
        given = _decode_call(raw)
        event = _event(given, name or given.type)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        intake.refuse(index, *explain(error))
        return
    except Refused as refusal:
        intake.refuse(index, refusal.field, refusal.reason)
        return
    if b"\\u0000" in raw and (wrong := field_with_nul(event) or field_with_nul(given)):
        intake.refuse(index, wrong, "contains a NUL character")
        return
    before = len(intake.events)
    intake.add(index, event, _zoned(given.sent_at) or _zoned(sent_at))
    if len(intake.events) > before:
        # Before the event is accepted: a person told of is written, or the whole request is sent again.
        _tell(given, name or given.type, event, key, intake.simulated)


def _event(given: Call, name: str) -> IncomingEvent:
    if name != "track" and name not in CALLS:
        raise Refused("type", f"{name!r} is none of track, {', '.join(CALLS)}")
    kind = type_of(name, given.event or "")
    if not kind:
        raise Refused("event", NAMING if given.event else "is missing")
    told = columns(kind, given.properties or {})
    told["properties"] |= _extras(given, name)
    user_id = "" if given.user_id is None else str(given.user_id)
    fields = {
        "type": kind,
        "message_id": given.message_id or "",
        "visitor_id": "" if given.anonymous_id is None else str(given.anonymous_id),
        "shopper_id": identities.shopper_id_of(user_id),
        "occurred_at": _zoned(given.original_timestamp or given.timestamp),
        "caused_by": str(told["properties"].get("caused_by") or "")[:64],
        **told,
    }
    return msgspec.convert(fields, IncomingEvent)


def _extras(given: Call, name: str) -> dict[str, Any]:
    """What of names and context is worth keeping: neither addresses nor devices."""
    context = given.context or {}
    extras: dict[str, Any] = {}
    if name in ("page", "screen"):
        extras |= {"name": given.name, "category": given.category}
    if name == "group":
        extras |= {"group_id": given.group_id}
    if isinstance(context.get("campaign"), dict):
        extras["campaign"] = without_personal(context["campaign"])
    page = context.get("page")
    if isinstance(page, dict) and isinstance(page.get("path"), str):
        extras["path"] = page["path"]
    return {name: value for name, value in extras.items() if value is not None}


def _tell(given: Call, name: str, event: IncomingEvent, key: KeyInfo, simulated: bool) -> None:
    if not event.shopper_id:
        return
    if name == "identify":
        context = given.context or {}
        traits = given.traits or context.get("traits") or {}
        person = {"email": str(given.user_id), **traits} if str(given.user_id) != event.shopper_id else traits
        identities.identify(
            event.shopper_id, person, visitor_id=event.visitor_id, trusted=key.is_secret, simulated=simulated
        )
    elif name == "alias":
        previous_id = "" if given.previous_id is None else str(given.previous_id)
        identities.alias(previous_id, event.shopper_id, trusted=key.is_secret)


def _zoned(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
