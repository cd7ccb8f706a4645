"""``POST /api/v1/recommendations/{slot}/order``: what a page of results shows, in the order of whoever looks; on the short path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from msgspec import Meta

from recommender.serving.answers import IS_ADDRESS, Id, LanguageTag, Occasion, Slate, VisitorId, body
from recommender.serving.api import (
    NOTE_LANGUAGE,
    NOTE_SHOPPER,
    SCOPE,
    answered_in,
    page_key,
    slot_parameter,
    unknown_slot,
)
from recommender.serving.ordering import is_personal
from recommender.serving.recommending import MOST, rank
from recommender.slates.reasons import language_of
from recommender.slates.slate import RanksNothing, UnknownSlot
from recommender.slots.defaults import DEFAULT_SLOTS
from recommender.slots.types import TYPES
from shop.api.keys import KeyInfo
from shop.api.plain import Stop, by_method, read_json, wrong_field, wrong_query
from shop.api.structs import answer, components, operation, reference
from shop.events.personal import is_address

MOST_PRODUCTS = 500
# Each of 128 characters, escaped as \uXXXX, is 390 KB.
MOST_BYTES = 500 * 1024
CONTROLS = "An id holds no control characters."
ProductId = Annotated[str, Meta(min_length=1, max_length=128)]
ProductIds = Annotated[
    list[ProductId],
    Meta(
        max_length=MOST_PRODUCTS,
        description="What the page shows, in its own order, each once; none is fine",
        extra_json_schema={"uniqueItems": True},
    ),
]


class OrderRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which products, and for whom."""

    product_ids: ProductIds
    visitor_id: Annotated[VisitorId, Meta(description="The anonymous browser")] = ""
    shopper_id: Annotated[Id, Meta(description="The known person; taken with a secret key only")] = ""
    personalised: Annotated[bool, Meta(description="False: the order given")] = True
    language: LanguageTag = "en"
    occasion: Occasion = ""
    log: Annotated[
        bool,
        Meta(
            description=f"Keep the order of at most {MOST} products as a slate: feedback on it is taken, and it can be explained"
        ),
    ] = False


class OrderedSlate(Slate, kw_only=True, omit_defaults=True):
    """All given products, in the order in which to show them. `fallback`: nobody's own order."""

    personal: Annotated[
        bool, Meta(description="Whether it is another order than the one given, by what is known of who looks: say so")
    ]


_decode = msgspec.json.Decoder(OrderRequest).decode


@csrf_exempt
def order(request: HttpRequest, slot: str) -> HttpResponse:
    """Answer with the same products; never cached, since the order is somebody's own and the next act changes it."""

    def answered(request: HttpRequest) -> HttpResponse:
        key = page_key(request)
        return _ordered(_read(request), slot, key)

    return by_method(request, {"POST": answered})


def _read(request: HttpRequest) -> OrderRequest:
    too_large = f"At most 500 KB: {MOST_PRODUCTS} products. Send those that the page shows."
    asked = read_json(request, _decode, MOST_BYTES, too_large)
    for name, value in (("visitor_id", asked.visitor_id), ("shopper_id", asked.shopper_id)):
        if is_address(value):
            raise Stop(wrong_field(name, IS_ADDRESS))
        if not value.isprintable():
            raise Stop(wrong_field(name, CONTROLS))
    _check(asked.product_ids)
    if asked.log and len(asked.product_ids) > MOST:
        message = f"At most {MOST} products are kept as a slate: send those that are shown, or leave it out."
        raise Stop(wrong_field("log", message))
    return asked


def _check(product_ids: Sequence[str]) -> None:
    met: dict[str, int] = {}
    for place, product_id in enumerate(product_ids):
        if not product_id.isprintable():
            raise Stop(wrong_field(f"product_ids/{place}", CONTROLS))
        if (first := met.setdefault(product_id, place)) != place:
            message = f"It stands at place {first} too, counted from 0: send each product once."
            raise Stop(wrong_field(f"product_ids/{place}", message, code="duplicate"))


def _ordered(asked: OrderRequest, slot: str, key: KeyInfo) -> HttpResponse:
    trusted = key.is_secret or not asked.shopper_id
    language, known = language_of(asked.language)
    try:
        ranked = rank(
            slot,
            asked.product_ids,
            visitor_id=asked.visitor_id,
            shopper_id=asked.shopper_id if trusted else "",
            named=asked.shopper_id,
            personalised=asked.personalised,
            occasion=asked.occasion,
            log=asked.log,
        )
    except UnknownSlot as error:
        raise unknown_slot(error, key) from None
    except RanksNothing as error:
        # Names of slots are told as by 404.
        those = f"; slots that do: {', '.join(error.ranking) or 'none yet'}" if key.is_secret else ""
        raise Stop(wrong_query("slot", f"{str(error)[:1].upper()}{str(error)[1:]}{those}.")) from None
    notes = ["" if trusted else NOTE_SHOPPER, "" if known else NOTE_LANGUAGE.format(asked.language)]
    made = body(ranked, language, " ".join(filter(None, notes)))
    personal = is_personal(ranked, asked.product_ids)
    return answered_in(language, OrderedSlate(**msgspec.structs.asdict(made), personal=personal))


def openapi() -> dict[str, Any]:
    """How it is described."""
    ranking = [str(slot["name"]) for slot in DEFAULT_SLOTS if TYPES.get(str(slot["type"])).ranks]
    post = operation(
        "Order products of a page",
        f"Up to {MOST_PRODUCTS} products that a page shows anyway, each exactly once, in the order of who looks; those that "
        "are not in the catalogue come last. For slots of the types that order pages. Without consent to personal rows the "
        f"order given stands. A slate is logged where `log` asks for it. Scope: `{SCOPE}`.",
        "recommendations",
        {"200": answer("OrderedSlate")},
        parameters=[slot_parameter(ranking)],
        body=reference("OrderRequest"),
    )
    schemas = components({"OrderRequest": OrderRequest, "OrderedSlate": OrderedSlate})
    return {"paths": {"/api/v1/recommendations/{slot}/order": {"post": post}}, "schemas": schemas}
