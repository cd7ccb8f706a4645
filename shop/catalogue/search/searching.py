"""Search and category lists: what matches, in which order, one page of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shop.catalogue.models import Product
from shop.catalogue.search import filters as narrowing
from shop.catalogue.search.alternatives import Alternatives, alternatives
from shop.catalogue.search.correcting import corrected
from shop.catalogue.search.facets import Facet, count
from shop.catalogue.search.filters import Condition
from shop.catalogue.search.matching import tsquery
from shop.catalogue.search.paging import SORTS, page
from shop.catalogue.search.rows import fetch
from shop.catalogue.search.words import CHINESE, plain, query_words

MAX_PAGE = 100
ACTIVE = Condition("p.active")


@dataclass(frozen=True)
class SearchPage:
    """One page of a list.

    Attributes:
        products: those of the page, categories loaded.
        total: how many there are on all pages.
        facets: what narrows the list.
        corrected: the query that was searched for instead of a mistyped one, else empty; ``correct=False`` refuses it.
        next_cursor, previous_cursor: cursors of the neighbouring pages, empty where there is none.
        number, pages: which page this is and how many there are, from 1.
        start: how many products stand on the pages before.
        alternatives: filled where nothing was found.
    """

    products: list[Product]
    total: int
    facets: list[Facet]
    corrected: str = ""
    next_cursor: str = ""
    previous_cursor: str = ""
    number: int = 1
    pages: int = 1
    start: int = 0
    alternatives: Alternatives = field(default_factory=Alternatives)

    @property
    def beyond(self) -> bool:
        """Whether the list has products, but no such page."""
        return self.total > 0 and not 1 <= self.number <= self.pages

    @property
    def following(self) -> int:
        """The number of the next page: the last one's, where inserts have left more than a page behind this one."""
        return min(self.number + 1, self.pages)

    @property
    def end(self) -> int:
        """How many products stand on this page and those before."""
        return self.start + len(self.products)


@dataclass(frozen=True)
class Match:
    """What a query means: its conditions, its tsquery (empty where there is none) and the corrected query."""

    conditions: list[Condition]
    tsquery: str = ""
    corrected: str = ""


def search(
    query: str = "",
    *,
    category_path: str = "",
    filters: Mapping[str, Sequence[str]] | None = None,
    sort: str = "relevance",
    page_size: int = 24,
    cursor: str = "",
    number: int = 1,
    language: str = "en",
    correct: bool = True,
) -> SearchPage:
    """A page of the active products that match.

    Args:
        query: words in English or Chinese, ``#id`` or an id; empty: all.
        category_path: only that category and those below.
        filters: facet name (:data:`shop.catalogue.search.filters.NAMES`) to chosen values, any of which suffices; unknown ones are
            left out. Prices are ranges: ``2-5``, ``-1``, ``10-``.
        sort: a name of :data:`SORTS`; relevance without a query is popularity.
        page_size: products on a page, at most :data:`MAX_PAGE`.
        cursor: where the page begins, from another page of the same list: so no insert repeats or hides a product.
        number: of the page, where no cursor says it, or a broken one.
        language: of the labels.
        correct: whether a query that finds nothing may be corrected.
    """
    within = [ACTIVE, narrowing.under([category_path])] if category_path else [ACTIVE]
    match = find(query, within, correct=correct)
    chosen = narrowing.cleaned(filters or {})
    facets, total = count([*within, *match.conditions], chosen, language)
    conditions = [*within, *match.conditions, *(narrowing.condition(name, values) for name, values in chosen.items())]
    sort = sort if sort in SORTS else "relevance"
    if sort == "relevance" and not match.tsquery:
        sort = "popular"
    size = max(1, min(page_size, MAX_PAGE))
    pages = max(1, -(-total // size))
    offered = alternatives(query_words(query)) if query.strip() and not total and not chosen else Alternatives()
    if not 1 <= number <= pages:
        return SearchPage([], total, facets, match.corrected, number=number, pages=pages, alternatives=offered)
    found = page(conditions, sort, match.tsquery, size, cursor, number)
    return SearchPage(
        products=found.products,
        total=total,
        facets=facets,
        corrected=match.corrected,
        next_cursor=found.after,
        previous_cursor=found.before,
        # Where inserts have moved its edge, the page whose place is nearest.
        number=min((found.start + size // 2) // size + 1, pages),
        pages=pages,
        start=found.start,
        alternatives=offered,
    )


def find(query: str, within: Sequence[Condition], *, correct: bool = True) -> Match:
    """What ``query`` means among the products of ``within``: the first reading that finds something."""
    text = plain(query.replace("\x00", " "))[:200]
    if not text:
        return Match([])
    by_id = Condition("p.id = %s", (query.strip().removeprefix("#"),))
    if "\x00" not in query and _any([*within, by_id]):
        return Match([by_id])
    words = query_words(text)
    for prefix in (False, True) if words and len(words[-1]) > 1 else (False,):
        match = _reading(words, prefix=prefix)
        if _any([*within, *match.conditions]):
            return match
    if CHINESE.search(text):
        escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        inside = Condition("p.name_zh LIKE %s", (f"%{escaped}%",))
        if _any([*within, inside]):
            return Match([inside])
    if correct and (better := corrected(words)) != words:
        match = _reading(better, prefix=False)
        if _any([*within, *match.conditions]):
            return Match(match.conditions, match.tsquery, " ".join(better))
    return _reading(words, prefix=False)


def _reading(words: Sequence[str], *, prefix: bool) -> Match:
    found = tsquery(words, prefix=prefix)
    return Match([Condition("p.search @@ %s::tsquery", (found,)) if found else Condition("false")], found)


def _any(conditions: Sequence[Condition]) -> bool:
    where = " AND ".join(found.sql for found in conditions)
    parameters = [p for found in conditions for p in found.parameters]
    joined = "shop_product p JOIN shop_category c ON c.id = p.category_id"
    return bool(fetch(f"SELECT EXISTS (SELECT FROM {joined} WHERE {where})", parameters)[0][0])
