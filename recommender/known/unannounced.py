"""What the database holds that may be new since a mark, announced or not: asked by a look that reads no more than what changed.

PostgreSQL keeps with each row the transaction that wrote it (``xmin``). Whatever was not finished when a mark was set is at or
after the mark's oldest running transaction, so that a scan which compares two numbers a row names every product that has been
written since, and a count tells whether any is gone. Rows of Python are made of those alone: a catalogue of a hundred thousand
products took 130 ms of the interpreter, in which requests wait, at every look.

Source: PostgreSQL's documentation, "System Columns" and "Transaction ID and Snapshot Information Functions".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from django.db import connection

from shop.catalogue import changes
from shop.catalogue.models import Category, Product

Categories = dict[str, tuple[str, str]]


class Mark(NamedTuple):
    """A moment of the database.

    Attributes:
        server: since when it has been running: numbers of transactions tell nothing about another's.
        oldest: the oldest transaction that was not finished.
        categories: path to names, English and Chinese.
    """

    server: str
    oldest: str
    categories: Categories


class Look(NamedTuple):
    """What was found.

    Attributes:
        mark: of the look, for the next.
        products: so many there are.
        rows: as announced (:func:`shop.catalogue.changes.pack`), of each product that may be new or changed; None where everything
            had better be read: very many are, or it cannot be told.
    """

    mark: Mark
    products: int
    rows: list[list[Any]] | None


def mark() -> Mark:
    """Now. Set before a reading, it lets the next look find what the reading missed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()::text, pg_snapshot_xmin(pg_current_snapshot())::xid::text")
        server, oldest = cursor.fetchone()
    names = {path: (en, zh) for path, en, zh in Category.objects.values_list("path", "name_en", "name_zh")}
    return Mark(server, oldest, names)


def since(former: Mark) -> Look:
    """What may be new since a mark."""
    now = mark()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT age(%(oldest)s::xid), count(*),"
            " (array_agg(id) FILTER (WHERE age(xmin) <= age(%(oldest)s::xid)))[:%(most)s]"
            f" FROM {connection.ops.quote_name(Product._meta.db_table)}",
            {"oldest": former.oldest, "most": changes.MOST + 1},
        )
        passed, products, ids = cursor.fetchone()
    ids = ids or []
    comparable = now.server == former.server and passed >= 0 and now.categories == former.categories
    if not comparable or len(ids) > changes.MOST:
        return Look(now, products, None)
    rows = Product.objects.filter(pk__in=ids).values_list(*changes.ASKED) if ids else []
    return Look(now, products, [orjson.loads(changes.pack(row)) for row in rows])
