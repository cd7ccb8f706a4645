"""What to offer when a search finds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shop.catalogue.models import Category, Product
from shop.catalogue.search.correcting import known, nearest
from shop.catalogue.search.rows import fetch
from shop.catalogue.search.words import CHINESE

PRODUCTS = 6
# How alike a word and a category's name must be (pg_trgm's similarity, 0 to 1).
ALIKE = 0.2


@dataclass(frozen=True)
class Alternatives:
    """Other queries that find something, the nearest category, and what is popular in it (or at all)."""

    queries: list[str] = field(default_factory=list)
    category: Category | None = None
    products: list[Product] = field(default_factory=list)


def alternatives(words: Sequence[str]) -> Alternatives:
    """The nearest things to a query of these words."""
    have = known(words)
    meant = [word if word in have or CHINESE.fullmatch(word) else nearest(word) for word in words]
    queries = [word for word in dict.fromkeys(meant) if word]
    category = _category_of([word for word in queries if word in have] or queries) or _named_like(words)
    popular = Product.objects.filter(active=True, stock__gt=0).order_by("-units_sold", "id")
    if category is not None:
        popular = popular.filter(category__path__startswith=category.path)
    return Alternatives(queries, category, list(popular.select_related("category__parent")[:PRODUCTS]))


def _category_of(words: Sequence[str]) -> Category | None:
    """The category that holds most of what any of the words finds."""
    rows = fetch(
        "SELECT p.category_id FROM shop_product p, unnest(%s::text[]) AS word WHERE p.active"
        " AND p.search @@ (plainto_tsquery('english', word) || plainto_tsquery('simple', word))"
        " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
        [list(words)],
    )
    return Category.objects.filter(pk=rows[0][0]).first() if rows else None


def _named_like(words: Sequence[str]) -> Category | None:
    """The category whose name is most like the query."""
    text = " ".join(words)
    rows = fetch(
        "SELECT id FROM shop_category WHERE greatest(word_similarity(%s, name_en), word_similarity(%s, name_zh)) > %s"
        " ORDER BY greatest(word_similarity(%s, name_en), word_similarity(%s, name_zh)) DESC, path LIMIT 1",
        [text, text, ALIKE, text, text],
    )
    return Category.objects.filter(pk=rows[0][0]).first() if rows else None
