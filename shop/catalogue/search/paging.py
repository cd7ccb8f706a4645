"""One page of a list, by cursor: the rows after (or before) an edge in an order that no insert disturbs."""

from __future__ import annotations

from collections.abc import Sequence

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


def page(
    conditions: Sequence[Condition], sort: str, tsquery: str, size: int, cursor: str
) -> tuple[list[Product], str, str]:
    """The products of a page, and the cursors of the pages before and after it (empty: none).

    Args:
        conditions: what belongs to the list.
        sort: a name of :data:`SORTS`; relevance needs ``tsquery``.
        size: products on a page.
        cursor: where it begins; a broken one, or one of another order, is the first page.
    """
    edge = Cursor.decode(cursor, sort) if cursor else None
    rows = _rows(conditions, sort, tsquery, size + 1, edge)
    more, rows = len(rows) > size, rows[:size]
    back = edge is not None and edge.back
    if back:
        rows.reverse()
    if not rows:
        return [], "", ""
    has_before, has_after = (more, True) if back else (edge is not None, more)
    before = Cursor(sort, *rows[0], back=True).encode() if has_before else ""
    after = Cursor(sort, *rows[-1]).encode() if has_after else ""
    loaded = Product.objects.select_related("category__parent").in_bulk([product_id for _, product_id in rows])
    return [loaded[product_id] for _, product_id in rows if product_id in loaded], before, after


def _rows(
    conditions: Sequence[Condition], sort: str, tsquery: str, limit: int, edge: Cursor | None
) -> list[tuple[int, str]]:
    """Sort keys and ids, nearest to the edge first."""
    parameters: list[object] = [tsquery] if sort == "relevance" else []
    parameters += [parameter for found in conditions for parameter in found.parameters]
    where, order = "true", "key DESC, id"
    if edge is not None:
        where = "key > %s OR (key = %s AND id < %s)" if edge.back else "key < %s OR (key = %s AND id > %s)"
        order = "key, id DESC" if edge.back else order
        parameters += [edge.key, edge.key, edge.id]
    hits = (
        f"SELECT {SORTS[sort]} AS key, p.id FROM shop_product p JOIN shop_category c ON c.id = p.category_id"
        f" WHERE {' AND '.join(found.sql for found in conditions)}"
    )
    return fetch(f"SELECT key, id FROM ({hits}) AS hits WHERE {where} ORDER BY {order} LIMIT {limit}", parameters)
