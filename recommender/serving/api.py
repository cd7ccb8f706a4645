"""``GET /api/v1/recommendations/{slot}``: a plain view on the short path; structs say what goes in and out, in the schema too."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from msgspec import Meta

from recommender.serving import slates
from recommender.serving.reasons import language_of, reason_text
from recommender.serving.recommending import MOST, recommend
from recommender.slots import snapshot
from recommender.slots.defaults import DEFAULT_SLOTS
from shop.api import cors, problems
from shop.api.keys import KeyInfo, origin_allowed, token_of
from shop.api.plain import JSON, Stop, known_key, method_not_allowed, read_query
from shop.api.structs import answer, components, operation, parameters

SCOPE = "recommendations:read"
NOTE_SHOPPER = "shopper_id was not used: it needs a secret key, or a visitor who is logged in as that shopper."
NOTE_LANGUAGE = "There are no words in {}, so they are in English; there are en and zh-hans."

Id = Annotated[str, Meta(max_length=128)]
# A language tag such as browsers send (RFC 5646): de, zh-CN, zh-Hans-CN.
LanguageTag = Annotated[
    str,
    Meta(
        max_length=35,
        pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        description="Of the reasons, such as en or zh-CN; English where we have no words in it, which `note` says",
    ),
]


class SlateQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """For whom, and about what."""

    visitor_id: Annotated[Id, Meta(description="The anonymous browser")] = ""
    shopper_id: Annotated[Id, Meta(description="The known person; taken with a secret key only")] = ""
    product_id: Annotated[Id, Meta(description="The product in view")] = ""
    k: Annotated[int, Meta(ge=1, le=MOST, description="How many products; the slot's size if not given")] | None = None
    exclude: Annotated[str, Meta(max_length=8_000, description="Ids to leave out, separated by commas")] = ""
    language: LanguageTag = "en"
    personalised: Annotated[bool, Meta(description="False: what anybody would be shown")] = True


class RecommendedItem(msgspec.Struct):
    """A product of a slate: `reason` in words, `reason_code` for who makes words of their own."""

    product_id: str
    score: Annotated[float, Meta(description="As a share of the first candidate; comparable within one slate only")]
    reason: str
    reason_code: str
    source: Annotated[str, Meta(description="The algorithm that gave most of the score")]


class Slate(msgspec.Struct, omit_defaults=True):
    """The products chosen for a slot, in order. `slate_id` belongs on the events that follow."""

    slate_id: uuid.UUID
    slot: str
    heading: str
    items: list[RecommendedItem]
    model: Annotated[str, Meta(description="The champion that served; popular without one")]
    variant: Annotated[str, Meta(description="Of an experiment; default where there is none")]
    fallback: Annotated[bool, Meta(description="Whether most items are what anybody would be shown")]
    note: Annotated[str, Meta(description="What the caller should know of how it was made")] = ""


_encode = msgspec.json.Encoder().encode


@csrf_exempt
def recommendations(request: HttpRequest, slot: str) -> HttpResponse:
    """Answer with a slate; never cached, since stock and session may change within a second."""
    if request.method == "OPTIONS":
        return cors.preflight(request, "GET, OPTIONS")
    try:
        if request.method not in ("GET", "HEAD"):
            raise Stop(method_not_allowed("GET, OPTIONS"))
        key = known_key(token_of(request), SCOPE)
        if not origin_allowed(key, request):
            raise Stop(problems.response("origin_not_allowed", 403, "This key is not for pages of this origin."))
        slots = snapshot.current()
        if slot not in slots:
            raise Stop(problems.response("not_found", 404, f"No slot {slot!r}: there are {', '.join(slots)}."))
        response = _answer(read_query(request, SlateQuery), slot, key)
    except Stop as stop:
        response = stop.response
    return cors.allow(request, response)


def _answer(query: SlateQuery, slot: str, key: KeyInfo) -> HttpResponse:
    trusted = key.is_secret or not query.shopper_id
    language, known = language_of(query.language)
    notes = ["" if trusted else NOTE_SHOPPER, "" if known else NOTE_LANGUAGE.format(query.language)]
    slate = recommend(
        slot,
        visitor_id=query.visitor_id,
        shopper_id=query.shopper_id if trusted else "",
        product_id=query.product_id,
        k=query.k,
        exclude=[product_id for product_id in query.exclude.split(",") if product_id],
        language=language,
        personalised=query.personalised,
    )
    content = _encode(body(slate, language, " ".join(filter(None, notes))))
    return HttpResponse(
        content, content_type=JSON, headers={"Cache-Control": "private, no-store", "Content-Language": language}
    )


def body(slate: slates.Slate, language: str, note: str = "") -> Slate:
    """What is answered."""
    return Slate(
        slate_id=slate.slate_id,
        slot=slate.slot,
        heading=reason_text(slate.heading, language),
        items=[
            RecommendedItem(
                item.product_id,
                round(item.score, 6),
                reason_text(item.reason, language),
                item.reason.code,
                item.source,
            )
            for item in slate.items
        ],
        model=slate.model,
        variant=slate.variant,
        fallback=slate.fallback,
        note=f"{note} {slate.note}".strip(),
    )


def openapi() -> dict[str, Any]:
    """How it is described."""
    names = [str(slot["name"]) for slot in DEFAULT_SLOTS]
    place = {
        "name": "slot",
        "in": "path",
        "required": True,
        "description": f"Name of a slot: {', '.join(names)}, or one that the operators made.",
        "schema": {"type": "string", "maxLength": 40},
        "example": names[0],
    }
    get = operation(
        "Recommend products",
        "Never an error because there is no model: then what sells best is shown, marked as `fallback`. "
        f"Scope: `{SCOPE}`.",
        "recommendations",
        {"200": answer("Slate")},
        parameters=[place, *parameters(SlateQuery)],
    )
    return {"paths": {"/api/v1/recommendations/{slot}": {"get": get}}, "schemas": components({"Slate": Slate})}
