"""What the endpoints of recommendations take and answer: structs, which are their description too, and how answers are made."""

from __future__ import annotations

import uuid
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import structlog
from django.conf import settings
from django.db import Error
from msgspec import Meta

from recommender.serving.recommending import MOST
from recommender.slates.reasons import reason_text
from recommender.slates.slate import Explanation, Part
from recommender.slates.slate import Slate as Chosen
from shop.catalogue.models import Product

log = structlog.get_logger(__name__)

NOTE_LESS = "A publishable key is told less of the why where it would tell of a person."
NOTE_NO_PRODUCTS = "The products themselves are left out: the database does not answer."
IS_ADDRESS = "This is an e-mail address: slates hold no personal data. Send the id of the visitor or shopper."
# Terms of a product that are named; the others are summed.
MOST_TERMS = 8
# Rules that look at the catalogue alone: what they took out tells of nobody.
OF_THE_CATALOGUE = frozenset({"not_in_catalogue", "inactive", "out_of_stock", "in_view", "slot_filter"})

Id = Annotated[str, Meta(max_length=128)]
# As long as events and feedback take them: a longer one would be another visitor there.
VisitorId = Annotated[str, Meta(max_length=64)]
# A language tag such as browsers send (RFC 5646): de, zh-CN, zh-Hans-CN.
LanguageTag = Annotated[
    str,
    Meta(
        max_length=35,
        pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        description="Of the reasons, such as en or zh-CN; English where we have no words in it, which `note` says",
    ),
]
Occasion = Annotated[
    str,
    Meta(
        max_length=24,
        pattern="^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$",
        description="Where or when it is shown, such as phone or christmas: slot home is then answered by slot home-christmas, if "
        "there is one that is switched on",
    ),
]


class ListQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What holds for every list of recommendations."""

    visitor_id: Annotated[VisitorId, Meta(description="The anonymous browser")] = ""
    k: Annotated[int, Meta(ge=1, le=MOST, description="How many products; the slot's size if not given")] | None = None
    exclude: Annotated[str, Meta(max_length=8_000, description="Ids to leave out, separated by commas")] = ""
    cursor: Annotated[
        str, Meta(max_length=8_000, description="`next` of the page before; the page after it repeats nothing")
    ] = ""
    page_id: Annotated[
        str,
        Meta(
            max_length=64,
            pattern="^[A-Za-z0-9_-]*$",
            description="Of the page that is being put together, any text: no product twice under one such id within ten minutes; "
            "the same `cursor` under it gets the same products, while all of them may be shown",
        ),
    ] = ""
    language: LanguageTag = "en"
    occasion: Occasion = ""
    personalised: Annotated[bool, Meta(description="False: what anybody would be shown")] = True
    explain: Annotated[bool, Meta(description="Say what made each score, and what rules took out")] = False
    products: Annotated[bool, Meta(description="Add what a card shows of each product: name, price, picture")] = False
    key: Annotated[str, Meta(max_length=200, description="A publishable key, where headers cannot be set")] = ""


class SlateQuery(ListQuery, kw_only=True, forbid_unknown_fields=True):
    """For whom, and about what."""

    shopper_id: Annotated[Id, Meta(description="The known person; taken with a secret key only")] = ""
    product_id: Annotated[Id, Meta(description="The product in view")] = ""


class Card(msgspec.Struct, omit_defaults=True):
    """What a card shows of a product."""

    name: Annotated[str, Meta(description="In the language of the answer")]
    price: Annotated[str, Meta(description="A decimal")]
    currency: str
    image: Annotated[str, Meta(description="Address of the picture, or its path on this server")]
    brand: str = ""
    size: str = ""
    list_price: Annotated[str, Meta(description="Before a reduction")] = ""
    link: Annotated[str, Meta(description="The attribute `url` of the product, where it has one")] = ""


class WhyTerm(msgspec.Struct, omit_defaults=True):
    """What one source or column gave to a score."""

    name: str
    amount: float
    value: Annotated[float | None, Meta(description="What it was made of; with a secret key only")] = None


class WhyItem(msgspec.Struct, omit_defaults=True):
    """What made the place of a product."""

    rank: Annotated[int, Meta(description="Among the model's candidates, from 1; 0: it is none of them")]
    total: Annotated[float | None, Meta(description="What it is ranked by: `base` and all terms")] = None
    terms: Annotated[list[WhyTerm], Meta(description="The largest first")] = []
    others: Annotated[float, Meta(description="The sum of the terms that are not named")] = 0.0
    applied: Annotated[dict[str, Any], Meta(description="What rules of the slot did to it")] = {}
    stood_back: Annotated[bool, Meta(description="Its category or brand had its share before it")] = False


class WhySlate(msgspec.Struct, omit_defaults=True):
    """What holds for all of a slate."""

    candidates: Annotated[int, Meta(description="How many products the model named")]
    base: Annotated[float, Meta(description="What every candidate has")] = 0.0
    logarithmic: Annotated[bool, Meta(description="Scores are exponentials of totals, not the totals")] = False
    removed: Annotated[dict[str, int], Meta(description="Rule to how many it took out")] = {}
    removed_ids: Annotated[dict[str, list[str]], Meta(description="Which; with a secret key only")] = {}


class RecommendedItem(msgspec.Struct, omit_defaults=True):
    """A product of a slate: `reason` in words, `reason_code` for who makes words of their own."""

    product_id: str
    score: Annotated[float, Meta(description="As a share of the first candidate; comparable within one slate only")]
    reason: str
    reason_code: str
    source: Annotated[str, Meta(description="The algorithm that gave most of the score")]
    product: Annotated[Card | None, Meta(description="With `products`")] = None
    why: Annotated[WhyItem | None, Meta(description="With `explain`")] = None


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
    next: Annotated[str, Meta(description="Cursor of the next page, good for an hour; absent at the end")] = ""
    why: Annotated[WhySlate | None, Meta(description="With `explain`")] = None


def body(slate: Chosen, language: str, note: str = "") -> Slate:
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


def add_products(answer: Slate, language: str) -> None:
    """Put cards on the items; where the database is away they are left out, and the note says so."""
    try:
        found = Product.objects.in_bulk([item.product_id for item in answer.items])
    except Error as error:
        log.warning("cards_left_out", reason=str(error).strip())
        answer.note = f"{answer.note} {NOTE_NO_PRODUCTS}".strip()
        return
    for item in answer.items:
        if item.product_id in found:
            item.product = card_of(found[item.product_id], language)


def card_of(product: Product, language: str) -> Card:
    """What a card shows."""
    # What an operator or a script wrote may be any JSON.
    link = product.attributes.get("url") if isinstance(product.attributes, dict) else ""
    return Card(
        name=(product.name_zh if language.startswith("zh") else "") or product.name_en,
        price=f"{product.price:.2f}",
        currency=product.currency or settings.CURRENCY,
        image=product.image or f"/p/{quote(product.pk)}.svg",
        brand=product.brand,
        size=product.size,
        list_price="" if product.list_price is None else f"{product.list_price:.2f}",
        link=link if isinstance(link, str) else "",
    )


def add_why(answer: Slate, told: Explanation, *, trusted: bool) -> None:
    """Put the explanation on an answer; who is not ``trusted`` (a publishable key) learns nothing of a person from it."""
    parts = {part.product_id: part for part in told.parts}
    with_terms = trusted or not told.personal
    for item in answer.items:
        item.why = _why(parts[item.product_id], with_terms=with_terms, with_values=trusted)
    removed = {rule: len(ids) for rule, ids in told.removed.items() if trusted or rule in OF_THE_CATALOGUE}
    ids = {rule: list(found) for rule, found in told.removed.items()} if trusted else {}
    answer.why = WhySlate(told.candidates, told.base, told.logarithmic, removed, ids)
    if not trusted:
        answer.note = f"{answer.note} {NOTE_LESS}".strip()


def _why(part: Part, *, with_terms: bool, with_values: bool) -> WhyItem:
    if not with_terms:
        return WhyItem(part.rank)
    first, rest = part.terms[:MOST_TERMS], part.terms[MOST_TERMS:]
    terms = [WhyTerm(term.name, term.amount, term.value if with_values else None) for term in first]
    others = float(sum(term.amount for term in rest))
    applied = dict(part.applied) if with_values else {}
    return WhyItem(part.rank, part.total, terms, others, applied, part.stood_back)
