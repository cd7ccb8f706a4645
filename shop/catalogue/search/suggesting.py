"""Suggestions for the first letters of a query: queries, categories, products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.catalogue.models import Category, Product
from shop.catalogue.search.correcting import corrected
from shop.catalogue.search.matching import tsquery
from shop.catalogue.search.rows import fetch
from shop.catalogue.search.words import CHINESE, plain, query_words

QUERIES, CATEGORIES, PRODUCTS = 6, 3, 4


@dataclass(frozen=True)
class Suggestions:
    """What to show below a search field.

    Attributes:
        queries: words and names of products that begin or contain what was typed, the most bought first.
        categories: those whose name fits.
        products: the most bought that match.
    """

    queries: list[str]
    categories: list[Category]
    products: list[Product]


def suggest(prefix: str, language: str = "en") -> Suggestions:
    """Suggestions for ``prefix``, whose last word may be only begun; nothing for an empty one.

    Args:
        prefix: what was typed so far.
        language: ``en``, ``zh`` or a longer code: of the names in ``queries``.
    """
    words = query_words(prefix)
    if not words:
        return Suggestions([], [], [])
    products = _products(words)
    if not products and (better := corrected(words)) != words:
        words = better
        products = _products(words)
    column = "name_zh" if language.startswith("zh") else "name_en"
    names = _names(words, column) or _containing(plain(prefix), column)
    categories = _categories(words, column)
    loaded = Product.objects.select_related("category__parent").in_bulk(products)
    return Suggestions(names, categories, [loaded[product_id] for product_id in products if product_id in loaded])


def _products(words: Sequence[str]) -> list[str]:
    rows = fetch(
        "SELECT id FROM shop_product WHERE active AND stock > 0 AND search @@ %s::tsquery"
        " ORDER BY ts_rank('{0, 0.1, 0.5, 1.0}', search, %s::tsquery) * ln(2 + units_sold) DESC, id LIMIT %s",
        [*[tsquery(words, prefix=True)] * 2, PRODUCTS],
    )
    return [row[0] for row in rows]


def _names(words: Sequence[str], column: str) -> list[str]:
    """Names that the most bought of the matching products have in common, short ones first among equals."""
    rows = fetch(
        f"SELECT lower({column}) AS name FROM shop_product WHERE active AND search @@ %s::tsquery AND {column} <> ''"
        f" AND ts_rank('{{0, 0, 0, 1}}', search, %s::tsquery) > 0"
        " GROUP BY 1 ORDER BY sum(units_sold) / length(lower(" + column + ")) DESC, 1 LIMIT %s",
        [*[tsquery(words, prefix=True)] * 2, QUERIES],
    )
    return [row[0] for row in rows]


def _containing(text: str, column: str) -> list[str]:
    """Names that contain the text as it is: for Chinese that is cut within a word."""
    if not CHINESE.search(text):
        return []
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    rows = fetch(
        f"SELECT {column} FROM shop_product WHERE active AND name_zh LIKE %s GROUP BY 1 ORDER BY sum(units_sold) DESC, 1 LIMIT %s",
        [f"%{escaped}%", QUERIES],
    )
    return [row[0] for row in rows]


def _categories(words: Sequence[str], column: str) -> list[Category]:
    """Categories with a word of their name that begins with the last word typed, and all the others in it."""
    rows = fetch(
        f"SELECT id FROM shop_category WHERE to_tsvector('english', name_en) || to_tsvector('simple', name_zh) @@ %s::tsquery"
        f" OR {column} LIKE %s ORDER BY path LIMIT %s",
        [tsquery(words, prefix=True), f"%{''.join(words)}%" if CHINESE.search(words[-1]) else "\x01", CATEGORIES],
    )
    loaded = Category.objects.select_related("parent").in_bulk([row[0] for row in rows])
    return [loaded[row[0]] for row in rows]
