"""Finding products, until the catalogue's own search takes over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q

from shop.catalogue.models import Category, Product


@dataclass
class Page:
    """What a list page shows."""

    products: list[Product]
    total: int
    facets: list[Any] = field(default_factory=list)
    corrected: str = ""
    next_cursor: str = ""
    previous_cursor: str = ""


@dataclass
class Suggestions:
    """What the first letters of a search may mean."""

    queries: list[str] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)


def find(
    query: str,
    *,
    category_path: str = "",
    filters: dict[str, list[str]] | None = None,
    sort: str = "popular",
    cursor: str = "",
    language: str = "en",
    exact: bool = False,
) -> Page:
    """One page of products."""
    order = {"price": "price", "-price": "-price", "rating": "-rating_average", "new": "-created_at"}
    products = Product.objects.filter(active=True).select_related("category")
    products = products.order_by(order.get(sort, "-units_sold"), "id")
    if category_path:
        products = products.filter(category__path__startswith=category_path)
    if query:
        products = products.filter(Q(name_en__icontains=query) | Q(name_zh__icontains=query))
    pages = Paginator(products, 24)
    page = pages.get_page(cursor)
    return Page(
        list(page.object_list),
        pages.count,
        next_cursor=str(page.next_page_number()) if page.has_next() else "",
        previous_cursor=str(page.previous_page_number()) if page.has_previous() else "",
    )


def suggestions(query: str, *, language: str = "en") -> Suggestions:
    """What ``query`` may become."""
    return Suggestions(products=find(query).products[:5])
