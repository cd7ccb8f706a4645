"""What changed of products, told to every process: price, stock, active and the like count from the next response on.

A change is one entry of a Valkey stream with the new facts themselves, so that who serves needs no query to follow. Saving,
deleting and ``update()`` announce by themselves (:class:`shop.catalogue.models.ProductQuerySet`); raw SQL and COPY call
:func:`announce` or :func:`announce_all` once they are committed. Readers also look every few seconds at what was written to the
database since they last did, so an announcement that is lost costs seconds, not truth; after a change of very many products at
once they load everything before they answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import orjson
import redis
import structlog
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, Func, TextField

from shop.valkey import client

STREAM = "catalogue:changes"
KEEP = 10_000
# First key of the advisory locks; the second is a product's.
TELLING_LOCK = 7103
# So many are told, and read, at a time.
MANY = 500
# More than this at once and readers had better load all of it.
MOST = 5_000

# Under this key in the cache stands a word that changes with the facts that lists of products are made of; what was made under
# another word is made anew (shop/storefront/frame.py).
LISTS = "catalogue:lists"
# No list is made of these: who shows a product looks at its stock then.
NOT_OF_LISTS = frozenset({"stock", "units_sold", "rating_average", "rating_count", "updated_at", "search"})

log = structlog.get_logger(__name__)

# Columns of a fact row, in this order; readers unpack by it.
COLUMNS = (
    "id",
    "price",
    "stock",
    "active",
    "category__path",
    "brand",
    "units_sold",
    "created_at",
    "name_en",
    "name_zh",
    "tags",
    "list_price",
    "rating_average",
    "attributes",
)
# Of the last columns, for rows of those who do not know them: announced by another release, or made by hand.
LAST = ((), None, None, "{}")


class ShortAttributes(Func):
    """Attributes as the text of a JSON object; of large ones only texts of at most 120 characters, numbers and truths.

    Every process holds them for all products.
    """

    template = (
        "CASE WHEN length(%(expressions)s::text) <= 400 THEN %(expressions)s::text ELSE coalesce("
        "(SELECT jsonb_object_agg(key, value)"
        " FROM jsonb_each(CASE jsonb_typeof(%(expressions)s) WHEN 'object' THEN %(expressions)s ELSE '{}' END)"
        " WHERE jsonb_typeof(value) IN ('string', 'number', 'boolean') AND length(value::text) <= 122)::text, '{}') END"
    )
    output_field = TextField()


# What is asked of the table for a row of COLUMNS.
ASKED = (*COLUMNS[:-1], ShortAttributes(F("attributes")))


def whole(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row with every column, and no other: a newer release may announce more."""
    return (*row, *LAST[len(LAST) - (len(COLUMNS) - len(row)) :])[: len(COLUMNS)]


def pack(row: tuple[Any, ...]) -> bytes:
    """A row of :data:`COLUMNS` as JSON: price, list price and stars as floats, creation as ms since the epoch."""
    values = list(row)
    values[1], values[11], values[12] = float(values[1]), *(each and float(each) for each in values[11:13])
    values[7] = int(values[7].timestamp() * 1000)
    return orjson.dumps(values)


def announce(product_ids: Iterable[str], fields: Collection[str] | None = None) -> None:
    """Tell every process the present facts of these products, once the transaction is committed.

    Args:
        fields: what changed, as far as that is known.
    """
    ids = list(dict.fromkeys(product_ids))
    if ids:
        transaction.on_commit(lambda: _send(ids), robust=True)
        if fields is None or not NOT_OF_LISTS.issuperset(fields):
            transaction.on_commit(forget_lists, robust=True)


def announce_all() -> None:
    """Tell every process to load the whole catalogue again, once the transaction is committed."""
    transaction.on_commit(lambda: _send(None), robust=True)
    transaction.on_commit(forget_lists, robust=True)


def forget_lists() -> None:
    """Lists of products that caches hold are of before."""
    cache.set(LISTS, uuid.uuid4().hex, None)


def _send(ids: list[str] | None) -> None:
    try:
        if ids is None or len(ids) > MOST:
            client().xadd(STREAM, {"all": "1"}, maxlen=KEEP)
            return
        for begin in range(0, len(ids), MANY):
            _send_facts(ids[begin : begin + MANY])
    except redis.RedisError as error:
        log.warning("catalogue_change_not_announced", products=len(ids or ()), error=str(error))


def _send_facts(ids: list[str]) -> None:
    from shop.catalogue.models import Product

    with transaction.atomic():
        _one_at_a_time(ids)
        rows = {row[0]: row for row in Product.objects.filter(pk__in=ids).values_list(*ASKED)}
        pipe = client().pipeline(transaction=False)
        for product_id in ids:
            row = rows.get(product_id)
            entry = {"facts": pack(row)} if row is not None else {"gone": product_id}
            pipe.xadd(STREAM, entry, maxlen=KEEP)  # type: ignore[arg-type]
        pipe.execute()


def _one_at_a_time(ids: list[str]) -> None:
    """Whoever read a product first tells it first: the last that readers hear is the newest. Always in the same order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, key)"
            " FROM (SELECT DISTINCT hashtext(id) AS key FROM unnest(%s::text[]) AS id ORDER BY 1) AS keys",
            [TELLING_LOCK, ids],
        )
