"""``POST /api/v1/recommendations/batch``: slates of many shoppers, a line of JSON each, written as they are chosen.

The answer begins with the first hundred and goes on by hundreds: memory is that of one hundred however many are asked, and a shop
that reads slowly is written to slowly. What is wrong with one id is said on its line; the others are answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
import structlog
from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from msgspec import Meta

from recommender.serving.answers import IS_ADDRESS, Id, LanguageTag, Slate, body
from recommender.serving.api import NOTE_LANGUAGE, SCOPE, only_ranks, unknown_slot
from recommender.serving.recommending import MOST, recommend_many, that_chooses
from recommender.slates.reasons import language_of
from recommender.slates.slate import OnlyRanks, UnknownSlot
from shop.api import problems
from shop.api.keys import KeyInfo, token_of
from shop.api.limits import take
from shop.api.plain import Stop, by_method, known_key, read_json, wrong_field
from shop.api.structs import components, operation, reference
from shop.events.personal import is_address

log = structlog.get_logger(__name__)

LINES = "application/x-ndjson"
MOST_SHOPPERS = 10_000
MOST_BYTES = 4 * 1024 * 1024
# Chosen in three round trips to Valkey and three queries; what is held at a time.
CHUNK = 100
MOST_ID = 128
Ids = Annotated[
    list[Id],
    Meta(min_length=1, max_length=MOST_SHOPPERS, description="One line of the answer each, in this order"),
]


class BatchRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """For whom, in which slot."""

    slot: Annotated[str, Meta(min_length=1, max_length=40, description="Such as email")]
    shopper_ids: Ids
    k: Annotated[int, Meta(ge=1, le=MOST, description="How many products; the slot's size if not given")] | None = None
    exclude: Annotated[list[Id], Meta(max_length=1_000, description="Ids to leave out for all")] = []
    language: LanguageTag = "en"


class _Lenient(BatchRequest):
    """The same, where each id is looked at by itself."""

    shopper_ids: Annotated[list[Any], Meta(min_length=1, max_length=MOST_SHOPPERS)]


class LineError(msgspec.Struct):
    """Why a line has no slate."""

    code: str
    message: str


class BatchLine(msgspec.Struct, omit_defaults=True):
    """One line: of the shopper at ``index`` of the request, from 0, a slate or an error."""

    index: int
    shopper_id: str
    slate: Slate | None = None
    error: LineError | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Lenient).decode


@csrf_exempt
def batch(request: HttpRequest) -> HttpResponseBase:
    """Answer line by line; with a secret key only, since it tells of persons by their ids."""
    return by_method(request, {"POST": _post})


def _post(request: HttpRequest) -> StreamingHttpResponse:
    asked = _read(request, _key(request))
    return StreamingHttpResponse(lines(asked), content_type=LINES, headers={"Cache-Control": "private, no-store"})


def _key(request: HttpRequest) -> KeyInfo:
    key = known_key(token_of(request), SCOPE)
    if not key.is_secret:
        raise Stop(problems.response("permission_denied", 403, "This needs a secret key: it tells of shoppers by id."))
    allowance = take(f"key-{key.pk}", settings.API_RATE)
    if allowance is not None and not allowance.allowed:
        detail = f"More than {allowance.quota} requests in {allowance.window} s."
        raise Stop(problems.response("throttled", 429, detail, headers=allowance.headers()))
    return key


def _read(request: HttpRequest, key: KeyInfo) -> _Lenient:
    asked = read_json(request, _decode, MOST_BYTES, "At most 4 MB. Send smaller batches.")
    for place, product_id in enumerate(asked.exclude):
        if not product_id.isprintable():
            raise Stop(wrong_field(f"exclude/{place}", "An id holds no control characters."))
    try:
        that_chooses(asked.slot)
    except UnknownSlot as error:
        raise unknown_slot(error, key) from None
    except OnlyRanks as error:
        raise only_ranks(error, asked.slot) from None
    return asked


def wrong_id(shopper_id: Any) -> str:
    """What is wrong with an id, in words; empty where nothing is."""
    if not isinstance(shopper_id, str):
        return "An id is text."
    if not 0 < len(shopper_id) <= MOST_ID:
        return f"An id has 1 to {MOST_ID} characters."
    if is_address(shopper_id):
        return IS_ADDRESS
    return "" if shopper_id.isprintable() else "An id holds no control characters."


def lines(asked: BatchRequest) -> Iterator[bytes]:
    """The answer, a hundred lines at a time."""
    language, known = language_of(asked.language)
    note = "" if known else NOTE_LANGUAGE.format(asked.language)
    numbered = list(enumerate(asked.shopper_ids))
    for begin in range(0, len(numbered), CHUNK):
        chunk = numbered[begin : begin + CHUNK]
        wrong = {index: words for index, shopper_id in chunk if (words := wrong_id(shopper_id))}
        slates = _slates(asked, [shopper_id for index, shopper_id in chunk if index not in wrong], language, note)
        answered = []
        for index, shopper_id in chunk:
            if index in wrong:
                line = BatchLine(index, str(shopper_id)[:MOST_ID], error=LineError("invalid", wrong[index]))
            elif isinstance(found := slates[shopper_id], Slate):
                line = BatchLine(index, shopper_id, slate=found)
            else:
                line = BatchLine(index, shopper_id, error=found)
            answered.append(_encode(line))
        yield b"\n".join(answered) + b"\n"


def _slates(asked: BatchRequest, shopper_ids: Sequence[str], language: str, note: str) -> dict[str, Slate | LineError]:
    """A slate of each; should one fail, the others are asked one by one."""
    if not shopper_ids:
        return {}
    try:
        chosen = recommend_many(asked.slot, shopper_ids, asked.k, exclude=asked.exclude)
    except Exception as error:  # whatever one shopper's history can raise: it is logged, and the others are answered
        if len(shopper_ids) == 1:
            log.exception("batch_line_failed", slot=asked.slot, reason=str(error))
            return {shopper_ids[0]: LineError("error", "We failed for this shopper; it was logged.")}
        return {one: found for each in shopper_ids for one, found in _slates(asked, [each], language, note).items()}
    return {shopper_id: body(slate, language, note) for shopper_id, slate in chosen.items()}


def openapi() -> dict[str, Any]:
    """How it is described."""
    schema = {"type": "string", "description": "Lines of JSON, each a `BatchLine`."}
    post = operation(
        "Recommend products to many",
        f"Up to {MOST_SHOPPERS} shoppers; lines of JSON (`BatchLine`) that come as they are chosen. An id that is wrong has an "
        f"`error` on its line and does not touch the others. Needs a secret key. Scope: `{SCOPE}`.",
        "recommendations",
        {"200": {"description": "", "content": {LINES: {"schema": schema}}}},
        parameters=[],
        body=reference("BatchRequest"),
    )
    schemas = components({"BatchRequest": BatchRequest, "BatchLine": BatchLine, "Slate": Slate})
    return {"paths": {"/api/v1/recommendations/batch": {"post": post}}, "schemas": schemas}
