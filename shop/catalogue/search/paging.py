"""One page of a list: by its number, or by cursor: the rows after (or before) an edge in an order that no insert disturbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.catalogue.models import Product
from shop.catalogue.search.cursors import Cursor
from shop.catalogue.search.filters import Condition
from shop.catalogue.search.rows import fetch

# Full-text rank, raised by popularity; what is sold out sinks.
RELEVANCE = (
    "(1000000 * ts_rank('{0.05, 0.2, 0.5, 1.0}', p.search, %s::tsquery, 1)"
    " * (1 + 0.1 * ln(1 + p.units_sold)) * CASE WHEN p.stock > 0 THEN 1 ELSE 0.3 END)::bigint"
)
# Sort key of every order, an integer that falls from page to page.
SORTS = {
    "relevance": RELEVANCE,
    "popular": "p.units_sold",
    "price": "-(p.price * 100)::bigint",
    "-price": "(p.price * 100)::bigint",
    "rating": "(coalesce(p.rating_average, 0) * 100)::bigint * 1000000 + least(p.rating_count, 999999)",
    "new": "(extract(epoch FROM p.created_at) * 1000)::bigint",
}


@dataclass(frozen=True)
class Page:
    """The products of a page.

    Attributes:
        products: in their order, categories loaded.
        start: how many stand on the pages before.
        before, after: cursors of the neighbouring pages, empty where there is none.
    """

    products: list[Product]
    start: int = 0
    before: str = ""
    after: str = ""


def page(
    conditions: Sequence[Condition], sort: str, tsquery: str, size: int, cursor: str = "", number: int = 1
) -> Page:
    """One page; without products where there is no such page.

    Args:
        conditions: what belongs to the list.
        sort: a name of :data:`SORTS`; relevance needs ``tsquery``.
        size: products on a page.
        cursor: where it begins; one that is broken, of another order, or behind whose edge nothing is left gives way to ``number``.
        number: of the page, from 1.
    """
    edge = Cursor.decode(cursor, sort) if cursor else None
    rows = _rows(conditions, sort, tsquery, size + 1, edge) if edge else []
    if not rows:
        edge, start = None, (number - 1) * size
        rows = _rows(conditions, sort, tsquery, size + 1, None, start)
    if not rows:
        return Page([])
    more, rows = len(rows) > size, rows[:size]
    if edge is not None:
        if edge.back:
            rows.reverse()
        start = _ahead(conditions, sort, tsquery, rows[0])
    before = Cursor(sort, *rows[0], back=True).encode() if start else ""
    after = Cursor(sort, *rows[-1]).encode() if more or (edge is not None and edge.back) else ""
    loaded = Product.objects.select_related("category__parent").in_bulk([product_id for _, product_id in rows])
    return Page([loaded[product_id] for _, product_id in rows if product_id in loaded], start, before, after)


def _hits(conditions: Sequence[Condition], sort: str, tsquery: str) -> tuple[str, list[object]]:
    """What reads keys and ids of the whole list, and its parameters."""
    parameters: list[object] = [tsquery] if sort == "relevance" else []
    parameters += [parameter for found in conditions for parameter in found.parameters]
    return (
        f"SELECT {SORTS[sort]} AS key, p.id FROM shop_product p JOIN shop_category c ON c.id = p.category_id"
        f" WHERE {' AND '.join(found.sql for found in conditions)}"
    ), parameters


def _ahead(conditions: Sequence[Condition], sort: str, tsquery: str, row: tuple[int, str]) -> int:
    """How many stand before a row: a cursor says where a page begins, not which it is."""
    hits, parameters = _hits(conditions, sort, tsquery)
    where = "key > %s OR (key = %s AND id < %s)"
    found = fetch(f"SELECT count(*) FROM ({hits}) AS hits WHERE {where}", [*parameters, row[0], *row])
    return int(found[0][0])


def _rows(
    conditions: Sequence[Condition], sort: str, tsquery: str, limit: int, edge: Cursor | None, start: int = 0
) -> list[tuple[int, str]]:
    """Sort keys and ids: nearest to the edge first, or from the place ``start`` (0: the first)."""
    hits, parameters = _hits(conditions, sort, tsquery)
    where, order = "true", "key DESC, id"
    if edge is not None:
        where = "key > %s OR (key = %s AND id < %s)" if edge.back else "key < %s OR (key = %s AND id > %s)"
        order = "key, id DESC" if edge.back else order
        parameters += [edge.key, edge.key, edge.id]
    return fetch(
        f"SELECT key, id FROM ({hits}) AS hits WHERE {where} ORDER BY {order} LIMIT {limit} OFFSET {start}", parameters
    )
