"""Category and search pages: one list with facets, sort and paging, all of it in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shop.catalogue.models import Category
from shop.catalogue.search import SearchPage
from shop.catalogue.search import search as find
from shop.catalogue.search import suggest as suggestions
from shop.storefront.acts import note
from shop.storefront.numbers import whole
from shop.storefront.privately import revalidated
from shop.storefront.rows import Shown

# Names in the query string that are no filters.
RESERVED = ("q", "sort", "page", "cursor", "exact", "slate")
# Of these a change of the list leaves nothing.
PLACE = ("page", "cursor")
MOST_WORDS = 200
# Facets that stand open before one is chosen.
OPEN_FACETS = 3


@dataclass(frozen=True)
class Chip:
    """A chosen filter, and the page without it."""

    label: str
    url: str


def sorts(query: str) -> list[tuple[str, Any]]:
    """The orders a list can be read in; without words there is no relevance."""
    found = [("popular", _("Most bought")), ("price", _("Price, low first")), ("-price", _("Price, high first"))]
    found += [("rating", _("Rating")), ("new", _("Newest"))]
    return [("relevance", _("Best match")), *found] if query else found


def parents_of(category: Category) -> list[Category]:
    """The categories above, root first."""
    above: list[Category] = []
    while category.parent:
        category = category.parent
        above.insert(0, category)
    return above


def numbers(page: SearchPage) -> list[int | None]:
    """Numbers of the first page, the last and those about this one; None where some are left out."""
    paginator = Paginator(range(page.pages), 1)
    shown = paginator.get_elided_page_range(min(max(page.number, 1), page.pages), on_each_side=1, on_ends=1)
    return [each if isinstance(each, int) else None for each in shown]


def _filters(params: QueryDict) -> dict[str, list[str]]:
    return {name: params.getlist(name) for name in params if name not in RESERVED}


def _without(params: QueryDict, name: str = "", value: str = "") -> str:
    """The query string without one chosen value, or without any filter; always from the first page."""
    left = params.copy()
    for each in PLACE:
        left.pop(each, None)
    if name:
        left.setlist(name, [each for each in left.getlist(name) if each != value])
    else:
        for each in list(left):
            if each not in RESERVED:
                del left[each]
    return f"?{left.urlencode()}"


def _list_page(request: HttpRequest, **more: Any) -> dict[str, Any]:
    """Everything a list shows, from the query string of ``request``."""
    params = request.GET
    query = params.get("q", "").strip().replace("\x00", "")[:MOST_WORDS]
    choices = sorts(query)
    sort = params.get("sort", "")
    chosen = sort in dict(choices)
    if not chosen:
        sort = choices[0][0]
    exact = params.get("exact") == "1"
    category: Category | None = more.get("category")
    page = find(
        query,
        category_path=category.path if category else "",
        filters=_filters(params),
        sort=sort,
        cursor=params.get("cursor", ""),
        number=whole(params.get("page", ""), 1),
        language=(get_language() or "en")[:2],
        correct=not exact,
    )
    chips = [
        Chip(value.label, _without(params, facet.name, value.value))
        for facet in page.facets
        for value in facet.values
        if value.chosen
    ]
    opened = [facet.name for facet in page.facets[:OPEN_FACETS]]
    opened += [facet.name for facet in page.facets if any(value.chosen for value in facet.values)]
    kept = [(name, value) for name in params if name not in ("sort", *PLACE) for value in params.getlist(name)]
    return {
        "query": query,
        "page": page,
        "numbers": numbers(page),
        "exact": exact,
        "chips": chips,
        "opened": opened,
        "clear_url": _without(params),
        "kept": kept,
        "sort": sort,
        "chosen": chosen,
        "sorts": choices,
        "shown": Shown(request),
        **more,
    }


@revalidated
def category(request: HttpRequest, path: str) -> HttpResponse:
    """The products of a category."""
    found = get_object_or_404(Category.objects.select_related("parent__parent"), path=path)
    context = _list_page(request, category=found, parents=parents_of(found), department_path=path.split("/")[0])
    page = context["page"]
    if not page.beyond:
        note(request, "product_list_viewed", properties={"category": path, "total": page.total})
    return render(request, "shop/category.html", context, status=404 if page.beyond else 200)


@revalidated
def search(request: HttpRequest) -> HttpResponse:
    """The products found for words."""
    context = _list_page(request)
    page, query = context["page"], context["query"]
    if query and not page.beyond:
        properties = {"total": page.total, "corrected": page.corrected or ""}
        note(request, "products_searched", query=query, properties=properties)
    return render(request, "shop/category.html", context, status=404 if page.beyond else 200)


def suggest(request: HttpRequest) -> HttpResponse:
    """Suggestions for the first letters of a search, as options of the combobox."""
    query = request.GET.get("q", "").strip().replace("\x00", "")[:MOST_WORDS]
    found = suggestions(query, (get_language() or "en")[:2]) if query else None
    return render(request, "shop/suggest.html", {"suggestions": found})
