"""Small things that storefront templates say often: icons, money, pictures, times."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django import template
from django.template.context import RequestContext
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shop import clock
from shop.catalogue.models import Product
from shop.money import money
from shop.storefront import rows

register = template.Library()
register.filter(money)

SIZE = re.compile(r"(?P<amount>\d+(?:\.\d+)?) ?(?P<unit>[A-Za-z]+)")
UNITS = {
    "oz": gettext_lazy("oz"),
    "lb": gettext_lazy("lb"),
    "pt": gettext_lazy("pt"),
    "qt": gettext_lazy("qt"),
    "gal": gettext_lazy("gal"),
    "l": gettext_lazy("L"),
    "ml": gettext_lazy("ml"),
}
COUNTED = {"ct", "pk", "pack", "count", "rolls"}
# Of one, and of many.
EVENT_WORDS = {
    "page_viewed": ("page opened", "pages opened"),
    "product_viewed": ("product looked at", "products looked at"),
    "product_list_viewed": ("list looked at", "lists looked at"),
    "products_searched": ("search made", "searches made"),
    "product_added": ("product put into the cart", "products put into the cart"),
    "product_removed": ("product taken out of the cart", "products taken out of the cart"),
    "product_dismissed": ("product waved off", "products waved off"),
    "product_hidden": ("product put out of sight", "products put out of sight"),
    "product_liked": ("product liked", "products liked"),
    "opinion_undone": ("opinion taken back", "opinions taken back"),
    "product_rated": ("review written", "reviews written"),
    "cart_viewed": ("look into the cart", "looks into the cart"),
    "checkout_started": ("checkout begun", "checkouts begun"),
    "order_completed": ("order placed", "orders placed"),
    "order_cancelled": ("order cancelled", "orders cancelled"),
    "order_refunded": ("refund paid", "refunds paid"),
    "slate_seen": ("row seen", "rows seen"),
    "slate_clicked": ("product of a row opened", "products of rows opened"),
    "message_opened": ("message opened", "messages opened"),
    "message_clicked": ("link in a message followed", "links in messages followed"),
    "identified": ("time recognised", "times recognised"),
    "logged_in": ("time logged in", "times logged in"),
    "logged_out": ("time logged out", "times logged out"),
}
# Pictures of cards wait until they are near the screen.
CARD = 240
FEWEST_IN_ROW = 3


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """The icon ``name`` of the page's sprite; ``extra`` are classes (``s`` small, ``full`` filled)."""
    return format_html(
        '<svg class="i{}" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>',
        f" {extra}" if extra else "",
        name,
    )


@register.simple_tag
def picture(product: Product, size: int, alt: str = "") -> SafeString:
    """The product's picture, ``size`` CSS pixels wide and high; ``alt`` stays empty where the name stands beside it."""
    url = product.image or f"/p/{quote(product.pk)}.svg"
    lazy = mark_safe(' loading="lazy"') if size == CARD else ""
    return format_html('<img src="{}" width="{}" height="{}" alt="{}" decoding="async"{}>', url, size, size, alt, lazy)


@register.filter
def link(product: Product) -> str:
    """The product's page in the active language."""
    return str(reverse("product", args=[product.pk, product.slug] if product.slug else [product.pk]))


@register.filter
def unit_price(product: Product) -> str:
    """``$0.36 / oz``: the price of one unit of the printed size; empty where the size does not say."""
    match = SIZE.fullmatch(product.size.strip())
    if match is None or (amount := Decimal(match["amount"])) <= 0:
        return ""
    unit = match["unit"]
    each = product.price / amount
    if unit.lower() in COUNTED:
        return _("%(price)s each") % {"price": money(each, product.currency)} if amount > 1 else ""
    return f"{money(each, product.currency)} / {UNITS.get(unit.lower(), unit)}"


@register.filter
def percent_off(product: Product) -> int:
    """By how many whole per cent the price stands below the list price (0: not reduced)."""
    if not product.reduced or not product.list_price:
        return 0
    return round(100 * (1 - product.price / product.list_price))


@register.filter
def ago(moment: datetime) -> str:
    """``just now``, ``12 s ago``, ``3 min ago``, ``2 h ago``, ``5 days ago``: in one unit."""
    seconds = max(0, int((clock.now() - moment).total_seconds()))
    if seconds < 3:
        return _("just now")
    if seconds < 60:
        return _("%(n)d s ago") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)d min ago") % {"n": seconds // 60}
    if seconds < 86_400:
        return _("%(n)d h ago") % {"n": seconds // 3600}
    days = seconds // 86_400
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """``mapping[key]``, or None."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag(takes_context=True)
def with_params(context: RequestContext, **changes: Any) -> str:
    """The page's own query string with ``changes`` (None takes a parameter out), with its question mark."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}"


@register.simple_tag
def undo_of(message: Any) -> dict[str, str]:
    """What the undo button beside a message must send, and to which page; empty where there is nothing to undo."""
    tags = message.extra_tags or ""
    if tags.startswith("unhide "):
        product_id, slate_id = tags.removeprefix("unhide ").rsplit("|", 1)
        return {"page": "suggest_again", "product": product_id, "slate": slate_id}
    if not tags.startswith("undo "):
        return {}
    product_id, quantity, slate_id = tags.removeprefix("undo ").rsplit("|", 2)
    return {"page": "cart_add", "next": reverse("cart"), "product": product_id, "quantity": quantity, "slate": slate_id}


@register.simple_tag(takes_context=True)
def generic_row(context: RequestContext, kind: str, k: int = 6) -> rows.Row:
    """A row that no model made (``popular``, ``reduced``, ``category``, ``seed``); what it shows is taken note of."""
    shown: rows.Shown = context["shown"]
    if kind == "category":
        row = rows.category_row(context["category"], shown, k)
    elif kind == "seed":
        row = rows.seed_row(context["seed"], shown, k)
    else:
        row = {"popular": rows.popular_row, "reduced": rows.reduced_row}[kind](shown, k)
    if len(row.items) >= FEWEST_IN_ROW:
        shown.add(row.items)
    return row


@register.simple_tag(takes_context=True)
def keep_out(context: RequestContext, row: Any) -> str:
    """Take note of the products of a slate, so that no later row shows them again."""
    if len(row.items) >= FEWEST_IN_ROW:
        context["shown"].add(row.items)
    return ""


@register.simple_tag(takes_context=True)
def hold(context: RequestContext, row: Any) -> str:
    """Take note of the products of a list that stands further down, however short it is; it counts as no row."""
    context["shown"].ids.extend(item.product.pk for item in row.items)
    return ""


@register.simple_tag
def link_if(name: str) -> str:
    """The URL of a page of another room; empty where it is not installed."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@register.filter
def event_words(type: str, n: int = 1) -> str:
    """What ``n`` events of a type mean to the person who did them."""
    words = EVENT_WORDS.get(type)
    return ngettext(*words, n) if words else type.replace("_", " ")
