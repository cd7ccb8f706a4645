"""``GET /api/v1/recommendations/{slot}`` and ``GET /api/v1/products/{id}/similar``: plain views on the short path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from recommender.experiments.situations import is_phone
from recommender.known import facts
from recommender.serving.answers import IS_ADDRESS, ListQuery, Slate, SlateQuery, add_products, add_why, body
from recommender.serving.cursors import CursorRefused, List, cursor_of, shown_before
from recommender.serving.recommending import recommend
from recommender.slates.reasons import language_of
from recommender.slates.slate import OnlyRanks, UnknownSlot
from recommender.slots.defaults import DEFAULT_SLOTS
from shop.api import problems
from shop.api.keys import KeyInfo, origin_allowed, token_of
from shop.api.plain import JSON, Stop, by_method, known_key, read_query, wrong_query
from shop.api.structs import answer, components, operation, parameters
from shop.events.personal import is_address

SCOPE = "recommendations:read"
SIMILAR = "similar"
NOTE_SHOPPER = "shopper_id was not used: it needs a secret key, or a visitor who is logged in as that shopper."
NOTE_LANGUAGE = "There are no words in {}, so they are in English; there are en and zh-hans."
NOTE_END = (
    "The list ends here, though there may be more: a cursor that names all that was shown would be too long to send."
)

_encode = msgspec.json.Encoder().encode


@csrf_exempt
def recommendations(request: HttpRequest, slot: str) -> HttpResponse:
    """Answer with a slate; never cached, since stock and session may change within a second."""

    def answered(request: HttpRequest) -> HttpResponse:
        key = page_key(request)
        return _answer(read_query(request, SlateQuery), slot, key, phone=_phone(request))

    return by_method(request, {"GET": answered})


@csrf_exempt
def similar(request: HttpRequest, product_id: str) -> HttpResponse:
    """Answer with what is like a product."""

    def answered(request: HttpRequest) -> HttpResponse:
        key, query = page_key(request), read_query(request, ListQuery)
        if not (facts.current().has(product_id) or facts.caught_up().has(product_id)):
            raise Stop(problems.response("not_found", 404, "There is no such product."))
        return _answer(query, SIMILAR, key, product_id, phone=_phone(request))

    return by_method(request, {"GET": answered})


def page_key(request: HttpRequest) -> KeyInfo:
    """The key, in the header or, a publishable one, in the address.

    Raises:
        Stop: 401, 403, or 503 when it cannot be looked up.
    """
    token = token_of(request)
    key = known_key(token or request.GET.get("key", ""), SCOPE)
    if key.is_secret and not token:
        detail = "Send a secret key in the Authorization header only."
        raise Stop(problems.response("secret_key_exposed", 403, detail))
    if not origin_allowed(key, request):
        raise Stop(problems.response("origin_not_allowed", 403, "This key is not for pages of this origin."))
    return key


def unknown_slot(error: UnknownSlot, key: KeyInfo) -> Stop:
    """404, with the slots that there are for a secret key: how they are named is the shop's affair, and a page's key is public."""
    known = (
        f": there are {', '.join(error.known)}"
        if key.is_secret
        else ". With a secret key the answer names those there are"
    )
    return Stop(problems.response("not_found", 404, f"No slot {error.slot!r}{known}."))


def only_ranks(error: OnlyRanks, slot: str) -> Stop:
    """400: what the slot is asked for elsewhere."""
    how = f"POST them to /api/v1/recommendations/{slot}/order"
    return Stop(wrong_query("slot", f"{str(error)[:1].upper()}{str(error)[1:]}: {how}."))


def _phone(request: HttpRequest) -> bool:
    return is_phone(request.META.get("HTTP_USER_AGENT", ""))


def _answer(query: ListQuery, slot: str, key: KeyInfo, product_id: str = "", *, phone: bool = False) -> HttpResponse:
    shopper_id, product_id = _about(query, product_id)
    for name, value in (("visitor_id", query.visitor_id), ("shopper_id", shopper_id)):
        if is_address(value):
            raise Stop(wrong_query(name, IS_ADDRESS))
    trusted = key.is_secret or not shopper_id
    language, known = language_of(query.language)
    which = List(slot, product_id)
    shown = _shown(query.cursor, which)
    try:
        slate = recommend(
            slot,
            visitor_id=query.visitor_id,
            shopper_id=shopper_id if trusted else "",
            named=shopper_id,
            product_id=product_id,
            k=query.k,
            exclude=[*shown, *filter(None, map(str.strip, query.exclude.split(",")))],
            personalised=query.personalised,
            page_id=query.page_id,
            explain=query.explain,
            occasion=query.occasion,
            phone=phone,
            repeatable=bool(query.cursor),
        )
    except UnknownSlot as error:
        raise unknown_slot(error, key) from None
    except OnlyRanks as error:
        raise only_ranks(error, slot) from None
    notes = ["" if trusted else NOTE_SHOPPER, "" if known else NOTE_LANGUAGE.format(query.language)]
    made = body(slate, language, " ".join(filter(None, notes)))
    if made.items:
        made.next = cursor_of(which, [*shown, *(item.product_id for item in made.items)])
        if not made.next:
            made.note = f"{made.note} {NOTE_END}".strip()
    if query.products:
        add_products(made, language)
    if slate.explanation is not None:
        add_why(made, slate.explanation, trusted=key.is_secret)
    return answered_in(language, made)


def answered_in(language: str, made: Slate) -> HttpResponse:
    """The answer that is sent; it is somebody's own."""
    headers = {"Cache-Control": "private, no-store", "Content-Language": language}
    return HttpResponse(_encode(made), content_type=JSON, headers=headers)


def _about(query: ListQuery, product_id: str) -> tuple[str, str]:
    """The shopper and the product that a query names."""
    if isinstance(query, SlateQuery):
        return query.shopper_id, query.product_id
    return "", product_id


def _shown(cursor: str, which: List) -> list[str]:
    if not cursor:
        return []
    try:
        return shown_before(cursor, which)
    except CursorRefused as refused:
        raise Stop(wrong_query("cursor", str(refused), refused.code)) from None


def openapi() -> dict[str, Any]:
    """How it is described."""
    place = slot_parameter([str(slot["name"]) for slot in DEFAULT_SLOTS])
    product = {"name": "product_id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 128}}
    get = operation(
        "Recommend products",
        "Never an error because there is no model: then what sells best is shown, marked as `fallback`. "
        f"Scope: `{SCOPE}`.",
        "recommendations",
        {"200": answer("Slate")},
        parameters=[place, *parameters(SlateQuery)],
    )
    alike = operation(
        "Recommend similar products",
        f"What is like a product, whoever looks; the slot `{SIMILAR}` says how. Scope: `{SCOPE}`.",
        "recommendations",
        {"200": answer("Slate")},
        parameters=[product, *parameters(ListQuery)],
    )
    paths = {
        "/api/v1/recommendations/{slot}": {"get": get},
        "/api/v1/products/{product_id}/similar": {"get": alike},
    }
    return {"paths": paths, "schemas": components({"Slate": Slate})}


def slot_parameter(names: Sequence[str]) -> dict[str, Any]:
    """The slot in the path, with names for example."""
    return {
        "name": "slot",
        "in": "path",
        "required": True,
        "description": f"Name of a slot: {', '.join(names)}, or one that the operators made.",
        "schema": {"type": "string", "maxLength": 40},
        "example": names[0],
    }
