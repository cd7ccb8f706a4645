"""Products, carts and links as plain dicts, the way templates show them: names in the language, prices as text, pictures by URL.

What there is not is None: ``{% if product.list_price %}`` means what it says (an empty text is true in Liquid).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from push.channels.base import Item, Material
from push.content.cards import REASON, Card
from push.tracking.links import Kind, Signer
from shop.catalogue.models import Product
from shop.money import money

CARDS_IN_A_ROW = 3
LINES_SHOWN = 4
NAMES_SHOWN = 3
SCARCE = 3
# Twice what is shown, for sharp screens; of the widths that pictures are drawn in.
CARD_PIXELS = 320
THUMB_PIXELS = 168
_REMEMBERED = 20_000
# Names under `links.` and what they are.
PAGES = {"home": "home", "cart": "cart", "inbox": "inbox", "account": "account"}
OTHER_LINKS = {
    "unsubscribe": Kind.UNSUBSCRIBE,
    "preferences": Kind.PREFERENCES,
    "pause": Kind.PAUSE,
    "hidden": Kind.HIDDEN,
}


def page_path(name: str, locale: str, *arguments: str) -> str:
    """Path of a page of the storefront in ``locale``; the home page where a shop has no such page."""
    with translation.override(locale):
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            return reverse("home")


def picture_url(product: Product, width: int) -> str:
    """Absolute address of a PNG of the product: mail clients show no SVG."""
    if product.image.startswith(("https://", "http://")):
        return product.image
    return f"{settings.PUBLIC_URL}/p/{quote(product.pk, safe='')}.png?w={width}"


def shop_facts() -> dict[str, Any]:
    """What templates know of the shop as ``shop``."""
    return {
        "name": settings.SHOP_NAME,
        "address": settings.SHOP_ADDRESS,
        "logo": settings.PUBLIC_URL + static("push/logo.png"),
        "demo": settings.DEMO,
    }


@dataclass(frozen=True)
class Shown:
    """A product in one language, at one price. ``number`` is this one's and never another's."""

    facts: dict[str, Any]
    path: str
    number: int = field(default_factory=count(1).__next__)

    def card(self, signer: Signer, **own: Any) -> Card:
        """The product with what is this message's own."""
        card = Card(self.facts, **own, link=signer.link(Kind.CLICK, self.path))
        reason = own.pop(REASON, None)
        card.key = (self.number, reason is None, *own.values())
        return card


@dataclass
class Showcase:
    """Products as dicts in one language, remembered as long as neither price nor stock changes."""

    locale: str
    _known: dict[tuple[str, Decimal, Decimal | None, str], Shown] = field(default_factory=dict)

    def product(self, product: Product) -> Shown:
        """``name, brand, size, said, price, list_price, picture``."""
        key = (product.pk, product.price, product.list_price, product.name_en)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._show(product)
        return found

    def _show(self, product: Product) -> Shown:
        name = (product.name_zh if self.locale.startswith("zh") else "") or product.name_en
        list_price = product.list_price if product.list_price and product.price < product.list_price else None
        facts = {
            "id": product.pk,
            "name": name,
            "brand": product.brand,
            "size": product.size,
            "said": ", ".join(part for part in (product.brand, product.size) if part),
            "price": money(product.price, product.currency),
            "list_price": money(list_price, product.currency) if list_price else None,
            "picture": picture_url(product, CARD_PIXELS),
            "thumb": picture_url(product, THUMB_PIXELS),
        }
        arguments = (product.pk, product.slug) if product.slug else (product.pk,)
        return Shown(facts, page_path("product", self.locale, *arguments))


def signer_of(material: Material) -> Signer:
    """What signs the links of one message."""
    return Signer(material.message_id, counted=not material.test)


def recommendations(material: Material, showcase: Showcase, separator: str) -> dict[str, Any]:
    """``recommendations``: ``heading``, ``products`` (each with ``reason`` and ``link``), their ``names``, the same in ``rows``."""
    signer = signer_of(material)
    products = [showcase.product(item.product).card(signer, reason=item.reason or None) for item in material.items]
    rows = []
    for start in range(0, len(products), CARDS_IN_A_ROW):
        row = products[start : start + CARDS_IN_A_ROW]
        rows.append({"products": row, "gaps": [""] * (CARDS_IN_A_ROW - len(row))})
    names = separator.join([card["name"] for card in products])
    return {"heading": material.heading, "products": products, "names": names, "rows": rows}


def _line(item: Item, signer: Signer, showcase: Showcase) -> Card:
    product = item.product
    cheaper = item.price_before - product.price if item.price_before else Decimal(0)
    return showcase.product(product).card(
        signer,
        quantity=item.quantity,
        total=money(product.price * item.quantity, product.currency),
        left=product.stock if 0 < product.stock <= SCARCE else None,
        cheaper_by=money(cheaper, product.currency) if cheaper > 0 else None,
    )


def cart(material: Material, showcase: Showcase, separator: str) -> dict[str, Any]:
    """``cart``: ``lines``, ``more`` (names of those not shown), ``count``, ``kinds``, ``total``, ``scarce``, ``cheaper``."""
    items, signer = material.cart, signer_of(material)
    lines = [_line(item, signer, showcase) for item in items[:LINES_SHOWN]]
    hidden: Sequence[Item] = items[LINES_SHOWN:]
    total = sum((item.product.price * item.quantity for item in items), Decimal(0))
    scarce = next((item for item in items if 0 < item.product.stock <= SCARCE), None)
    cheaper = next((item for item in items if item.price_before and item.price_before > item.product.price), None)
    names = [showcase.product(item.product).facts["name"] for item in hidden[:NAMES_SHOWN]]
    return {
        "lines": lines,
        "more": separator.join(names) + ("…" if len(hidden) > NAMES_SHOWN else "") or None,
        "more_count": len(hidden),
        "count": sum(item.quantity for item in items),
        "kinds": len(items),
        "total": money(total, items[0].product.currency) if items else "",
        "scarce": showcase.product(scarce.product).facts["name"] if scarce else None,
        "scarce_stock": scarce.product.stock if scarce else 0,
        "cheaper": showcase.product(cheaper.product).facts["name"] if cheaper else None,
    }


def links(material: Material, wanted: dict[str, tuple[Kind, str]]) -> dict[str, str]:
    """``links``: each name of ``wanted`` (kind, path) as a signed address."""
    signer = signer_of(material)
    return {name: signer.link(kind, path) for name, (kind, path) in wanted.items()}


def wanted_links(names: set[str], locale: str) -> dict[str, tuple[Kind, str]]:
    """Kind and path of the links a template asks for; unknown names are left out."""
    found: dict[str, tuple[Kind, str]] = {}
    for name in names:
        if name in OTHER_LINKS:
            found[name] = (OTHER_LINKS[name], "")
        elif name in PAGES:
            found[name] = (Kind.CLICK, page_path(PAGES[name], locale))
    return found


def unsubscribe_link(material: Material) -> str:
    """The address of the List-Unsubscribe header."""
    return signer_of(material).link(Kind.UNSUBSCRIBE)
