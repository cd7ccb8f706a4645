"""Category and search pages: one list with facets, sort and paging."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from shop.catalogue.models import Category, Product
from shop.storefront.privately import revalidated


@dataclass
class Page:
    """What a list page shows."""

    products: list[Product]
    total: int
    facets: list[Any] = field(default_factory=list)
    corrected: str = ""
    next_cursor: str = ""
    previous_cursor: str = ""


def _page(category_path: str, query: str, cursor: str) -> Page:
    products = Product.objects.filter(active=True).select_related("category").order_by("-units_sold", "id")
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


def parents_of(category: Category) -> list[Category]:
    """The categories above, root first."""
    above: list[Category] = []
    while category.parent:
        category = category.parent
        above.insert(0, category)
    return above


@revalidated
def category(request: HttpRequest, path: str) -> HttpResponse:
    """The products of a category."""
    found = get_object_or_404(Category.objects.select_related("parent__parent"), path=path)
    page = _page(found.path, "", request.GET.get("cursor", ""))
    context = {
        "category": found,
        "parents": parents_of(found),
        "department_path": path.split("/")[0],
        "page": page,
    }
    return render(request, "shop/category.html", context)


@revalidated
def search(request: HttpRequest) -> HttpResponse:
    """The products found for words."""
    query = request.GET.get("q", "").strip()[:200]
    return render(
        request, "shop/category.html", {"query": query, "page": _page("", query, request.GET.get("cursor", ""))}
    )


def suggest(request: HttpRequest) -> JsonResponse:
    """Suggestions for the first letters of a search."""
    return JsonResponse({"suggestions": []})
