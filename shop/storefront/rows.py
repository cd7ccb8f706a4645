"""Rows of products that are the same for everybody, and the list of what a page shows already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.db.models import Count, F
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shop import clock
from shop.catalogue.models import Category, Product
from shop.events.sessions import read_session
from shop.money import money
from shop.orders.models import OrderLine
from shop.storefront.frame import Frame, remembered
from shop.storefront.hidden import hidden_products

CANDIDATES = 120
FRESH_SECONDS = 600


@dataclass(frozen=True)
class RowItem:
    """A product of a row and why it stands there, in words (may be empty)."""

    product: Product
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """A row as templates show it, like a slate of the recommender but without its id."""

    heading: str
    note: str
    items: list[RowItem] = field(default_factory=list)
    slate_id: str = ""
    fallback: bool = True


class Shown:
    """Ids of products that a page must not show (again): shown above, in the cart, waved off; and how many rows it has."""

    def __init__(self, request: HttpRequest, *ids: str) -> None:
        self.ids: list[str] = [*ids, *Frame(request).in_cart, *hidden_products(request)]
        self.rows = 0

    def add(self, items: Iterable[Any]) -> None:
        """Take note of what a row shows."""
        self.ids.extend(item.product.pk for item in items)
        self.rows += 1


def baskets_this_week() -> dict[str, int]:
    """Product id to the number of orders of the last seven days that had it, most first."""
    since = clock.now() - timedelta(days=7)
    lines = OrderLine.objects.filter(order__placed_at__gte=since).values("product_id").annotate(n=Count("id"))
    return {line["product_id"]: line["n"] for line in lines.order_by("-n", "product_id")[:CANDIDATES]}


def _reduced_ids() -> list[str]:
    reduced = Product.objects.filter(active=True, price__lt=F("list_price"))
    return list(reduced.order_by("-units_sold", "id").values_list("pk", flat=True)[:CANDIDATES])


def _best_of(path: str) -> list[str]:
    within = Product.objects.filter(active=True, category__path__startswith=path)
    return list(within.order_by("-units_sold", "id").values_list("pk", flat=True)[:CANDIDATES])


def _items(ids: Iterable[str], shown: Shown, k: int) -> list[Product]:
    # Lists are kept, stock is not: sold out ones are passed over.
    wanted = [pk for pk in ids if pk not in set(shown.ids)][: 4 * k]
    found = Product.objects.filter(active=True, stock__gt=0).select_related("category").in_bulk(wanted)
    return [found[pk] for pk in wanted if pk in found][:k]


def popular_row(shown: Shown, k: int) -> Row:
    """What most baskets of the last seven days had."""
    counts = remembered("storefront:week", FRESH_SECONDS, baskets_this_week)
    items = [
        RowItem(product, ngettext("%(n)d basket this week", "%(n)d baskets this week", n) % {"n": n})
        for product in _items(counts, shown, k)
        for n in [counts[product.pk]]
    ]
    return Row(_("Popular this week"), _("The same for every shopper"), items)


def reduced_row(shown: Shown, k: int) -> Row:
    """What costs less than its list price, most bought first."""
    ids = remembered("storefront:reduced", FRESH_SECONDS, _reduced_ids)
    items = [
        RowItem(
            product,
            _("%(amount)s less than before") % {"amount": money(product.list_price - product.price, product.currency)},
        )
        for product in _items(ids, shown, k)
        if product.list_price is not None and product.reduced
    ]
    return Row(_("Reduced now"), _("Most bought first, the same for every shopper"), items)


def category_row(category: Category, shown: Shown, k: int) -> Row:
    """The most bought of a category."""
    ids = remembered(f"storefront:best:{category.pk}", FRESH_SECONDS, lambda: _best_of(category.path))
    place = {pk: n for n, pk in enumerate(ids, 1)}
    words = _("No. %(n)d in %(category)s")
    items = [
        RowItem(product, words % {"n": place[product.pk], "category": category.name})
        for product in _items(ids, shown, k)
    ]
    heading = _("More from %(category)s") % {"category": category.name}
    return Row(heading, _("Most bought first, the same for every shopper"), items)


def seed_row(seed: Product, shown: Shown, k: int) -> Row:
    """The most bought of the category of what was just looked at: for when no model knows what goes with it."""
    row = category_row(seed.category, shown, k)
    note = _("Most bought in %(category)s") % {"category": seed.category.name}
    return replace(row, note=note, fallback=False)


def recently_viewed(request: HttpRequest, k: int, without: str = "") -> list[Product]:
    """Products looked at in this visit, newest first; empty without consent."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    session = read_session(visitor.id) if visitor.consented else None
    if session is None:
        return []
    viewed = [act.product_id for act in reversed(session.acts) if act.type == "product_viewed"]
    ids = [pk for pk in dict.fromkeys(viewed) if pk and pk != without][:k]
    found = Product.objects.filter(active=True).select_related("category").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]
