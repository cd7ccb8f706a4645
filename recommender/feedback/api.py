"""``POST /api/v1/feedback``: a plain view on the short path, described by the structs that decode and answer."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from msgspec import Meta

from recommender.feedback.taking import Refused, Said, Word, take
from shop import valkey
from shop.api import problems
from shop.api.bodies import BodyTooLarge, BodyUnreadable, read_body
from shop.api.keys import token_of
from shop.api.plain import JSON, RETRY_AFTER, Stop, by_method, require_key
from shop.api.structs import answer, components, operation, reference
from shop.events.intake import Rejection, explain
from shop.events.personal import is_address
from shop.events.visitors import is_simulated

SCOPE = "events:write"
MOST_BYTES = 4 * 1024

log = structlog.get_logger(__name__)


class FeedbackIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What somebody says of a product that a slate showed them; it needs the visitor, or with a secret key the shopper."""

    slate_id: Annotated[uuid.UUID, Meta(description="The recommendations that showed it")]
    product_id: Annotated[str, Meta(min_length=1, max_length=128, description="One of their products")]
    kind: Annotated[
        Literal["clicked", "liked", "dismissed", "hidden", "undone"],
        Meta(
            description="`dismissed` (not interested) keeps the product out of every slot for 365 days, `hidden` for 30; "
            "`undone` takes back what was said of it"
        ),
    ]
    visitor_id: Annotated[str, Meta(max_length=64, description="The browser it was shown to")] = ""
    shopper_id: Annotated[str, Meta(max_length=128, description="The person; taken with a secret key only")] = ""


class Feedback(msgspec.Struct):
    """What came of it. `changed` is false where the same was said before; the product is not shown before `until`."""

    slate_id: uuid.UUID
    product_id: str
    kind: str
    changed: bool
    until: datetime | None


_decode = msgspec.json.Decoder(FeedbackIn).decode
_encode = msgspec.json.Encoder().encode


@csrf_exempt
def feedback(request: HttpRequest) -> HttpResponse:
    """Take one word on one product; it counts in the next answer of every process."""
    return by_method(request, {"POST": _post})


def _post(request: HttpRequest) -> HttpResponse:
    key = require_key(request, token_of(request), SCOPE)
    given = _read(request)
    if given.shopper_id and not key.is_secret:
        raise Stop(_invalid("shopper_id", "It needs a secret key: a browser's word is its visitor's."))
    said = Said(
        slate_id=given.slate_id,
        product_id=given.product_id,
        word=Word(given.kind),
        visitor_id=given.visitor_id,
        shopper_id=given.shopper_id,
        trusted=key.is_secret,
        source="api" if key.is_secret else "tracker",
        simulated=is_simulated(request),
    )
    try:
        taken = take(said)
    except Refused as refusal:
        raise Stop(_invalid(refusal.field, str(refusal))) from None
    except (*valkey.AWAY, OperationalError, InterfaceError) as error:
        log.warning("feedback_not_taken", reason=str(error))
        detail = "Feedback cannot be taken right now. Send the same again."
        raise Stop(problems.response("unavailable", 503, detail, headers=RETRY_AFTER)) from None
    body = Feedback(given.slate_id, given.product_id, given.kind, taken.changed, taken.until)
    return HttpResponse(_encode(body), content_type=JSON, headers={"Cache-Control": "private, no-store"})


def _read(request: HttpRequest) -> FeedbackIn:
    try:
        body = read_body(request, MOST_BYTES)
        given = _decode(body)
    except BodyTooLarge:
        raise Stop(problems.response("too_large", 413, f"Feedback holds at most {MOST_BYTES} bytes.")) from None
    except BodyUnreadable as error:
        raise Stop(problems.response("parse_error", 400, str(error))) from None
    except msgspec.ValidationError as error:
        field, reason = explain(error)
        if field == "kind" and "enum" in reason:
            reason = f"This is one of {', '.join(Word)}."
        raise Stop(_invalid(field, reason.replace("of an event: put it into properties", "of feedback"))) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Stop(problems.response("parse_error", 400, f"The body is no JSON object: {error}")) from None
    if refusal := _refusal(given):
        raise Stop(_invalid(refusal.field, refusal.reason))
    return given


def _refusal(given: FeedbackIn) -> Rejection | None:
    """What the shape cannot say."""
    if not (given.visitor_id or given.shopper_id):
        return Rejection(0, "visitor_id", "This is needed, or with a secret key shopper_id.")
    for name in ("product_id", "visitor_id", "shopper_id"):
        value: str = getattr(given, name)
        if not value.isprintable():
            return Rejection(0, name, "contains a control character")
        if name != "product_id" and is_address(value):
            return Rejection(0, name, "is an e-mail address: events hold no personal data")
    return None


def _invalid(field: str, reason: str) -> HttpResponse:
    errors = [{"pointer": f"/{field}" if field else "", "code": "invalid", "message": reason}]
    return problems.response("invalid", 400, "The feedback was refused.", errors=errors)


def openapi() -> dict[str, Any]:
    """How it is described."""
    problem = {"application/problem+json": {"schema": reference("Problem")}}
    post = operation(
        "Send feedback",
        "One word on one product of a slate, checked against what was shown to whom. It counts from the next answer on, in "
        f"every slot; the same twice is once, so a retry is safe. Scope: `{SCOPE}`, which publishable keys have.",
        "recommendations",
        {
            "200": answer("Feedback"),
            "400": {"description": "`errors` points at the field: the slate was not shown to them", "content": problem},
        },
        parameters=[],
        body=reference("FeedbackIn"),
    )
    return {
        "paths": {"/api/v1/feedback": {"post": post}},
        "schemas": components({"FeedbackIn": FeedbackIn, "Feedback": Feedback}),
    }
