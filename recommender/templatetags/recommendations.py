"""``{% load recommendations %}{% slate "home" k=6 as slate %}``: a slate for the page in view, ready to show."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import template
from django.utils.translation import get_language

from recommender import serving
from recommender.experiments.situations import is_phone
from recommender.serving import ordering
from recommender.serving.ordering import Listed
from recommender.slots import pages
from recommender.slots.titles import chooser_title, slot_title
from shop.models import Product

register = template.Library()


@dataclass(frozen=True)
class ShownItem:
    """A product of a slate with what a card needs; ``reason`` is in the page's language."""

    product: Product
    reason: str
    position: int
    source: str
    score: float

    @property
    def brought_by(self) -> str:
        """Its source, as operators read it."""
        return chooser_title(self.source)


@dataclass(frozen=True)
class ShownSlate:
    """A slate for a template: ``slate_id``, ``slot``, ``heading`` in words, ``items``, ``fallback``, ``known``, ``model``."""

    slate_id: uuid.UUID
    slot: str
    heading: str
    fallback: bool
    known: bool
    model: str
    items: list[ShownItem] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Its slot, as operators read it."""
        return slot_title(self.slot)

    @property
    def chosen_by(self) -> str:
        """Its model, as operators read it; of none empty."""
        return chooser_title(self.model) if self.model else ""


@dataclass
class Page:
    """The page that a request makes: no product twice in its slates, nor in rows that a browser asks for under its id.

    Attributes:
        id: what ``page_id`` says.
        shown: ids of products in its slates, so that nothing comes twice where Valkey is away either.
    """

    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    shown: list[str] = field(default_factory=list)


def _page(request: Any) -> Page:
    if not hasattr(request, "recommended_page"):
        request.recommended_page = Page()
    page: Page = request.recommended_page
    return page


@register.simple_tag(takes_context=True)
def page_id(context: dict[str, Any]) -> str:
    """The id of this page, for ``data-page`` of the script of ``<pushcart-recs>`` and for ``page_id`` of the API."""
    return _page(context["request"]).id


@register.simple_tag(takes_context=True)
def release(context: dict[str, Any], made: ShownSlate) -> str:
    """Say that a slate is not shown after all: later rows of the page may have its products."""
    request = context["request"]
    page, visitor, ids = _page(request), request.visitor, [item.product.pk for item in made.items]
    page.shown = [product_id for product_id in page.shown if product_id not in ids]
    who = (visitor.id or visitor.shopper_id) if visitor.consented else ""
    pages.release(pages.key(page.id, who), ids)
    return ""


@register.simple_tag(takes_context=True)
def slate(context: dict[str, Any], slot: str, *, product_id: str = "", k: int = 6, exclude: Any = ()) -> ShownSlate:
    """The slate of ``slot`` for whoever looks at the page; no product that another slate of the page has.

    Args:
        product_id: the product in view, on a product page.
        exclude: ids of products that the page shows otherwise.
    """
    request = context["request"]
    page, visitor = _page(request), request.visitor
    visitor.addressed = True
    language = get_language() or "en"
    made = serving.recommend(
        slot,
        visitor_id=visitor.id if visitor.consented else "",
        shopper_id=visitor.shopper_id if visitor.consented else "",
        product_id=product_id,
        k=k,
        exclude=[*([exclude] if isinstance(exclude, str) else exclude), *page.shown],
        page_id=page.id,
        personalised=visitor.consented and getattr(visitor, "personalised", True),
        phone=is_phone(request.META.get("HTTP_USER_AGENT", "")),
    )
    page.shown.extend(item.product_id for item in made.items)
    products = Product.objects.select_related("category").in_bulk([item.product_id for item in made.items])
    items = [
        ShownItem(
            products[item.product_id], serving.reason_text(item.reason, language), position, item.source, item.score
        )
        for position, item in enumerate(made.items, 1)
        if item.product_id in products
    ]
    heading = serving.reason_text(made.heading, language)
    return ShownSlate(made.slate_id, slot, heading, made.fallback, made.known, made.model, items)


@register.simple_tag(takes_context=True)
def in_their_order(context: dict[str, Any], products: Sequence[Product], slot: str, *, chosen: bool) -> Listed:
    """The products of a page of results in the order of whoever looks at it, unless an order was ``chosen``."""
    visitor = context["request"].visitor
    listed = ordering.in_their_order(products, slot, visitor, chosen=chosen)
    visitor.addressed = visitor.addressed or listed.personal
    return listed
