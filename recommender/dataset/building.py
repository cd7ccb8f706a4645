"""The dataset of the shop: order lines, events and the catalogue, read by COPY into a file and from there in chunks.

Memory is bounded by the arrays (25 bytes an interaction) and one chunk of text.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from recommender.dataset.interactions import Dataset, build
from recommender.dataset.kinds import KIND_OF_EVENT, Kind
from recommender.dataset.products import Products
from shop import clock
from shop.events.ids import lowest_id
from shop.models import Category, Product

CHUNK_ROWS = 200_000
KEEP_DAYS = 730

ORDER_LINES = """
COPY (
    SELECT o.visitor_id, coalesce(o.shopper_id, ''), l.product_id, {purchase} AS kind,
           (extract(epoch FROM o.placed_at) * 1000)::bigint
    FROM shop_orderline l JOIN shop_order o ON o.id = l.order_id
    WHERE o.placed_at >= '{since}' AND o.placed_at < '{until}' AND o.status NOT IN ('declined', 'cancelled')
        AND l.returned < l.quantity
) TO STDOUT WITH (FORMAT csv)
"""
EVENTS = """
COPY (
    SELECT e.visitor_id, coalesce(nullif(e.shopper_id, ''), v.shopper_id, ''), e.product_id,
           CASE e.type {cases} END AS kind, (extract(epoch FROM e.occurred_at) * 1000)::bigint
    FROM shop_event e LEFT JOIN shop_visitor v ON v.id = e.visitor_id
    WHERE e.id >= '{low}' AND e.occurred_at >= '{since}' AND e.occurred_at < '{until}'
      AND e.product_id <> '' AND e.type IN ({types})
) TO STDOUT WITH (FORMAT csv)
"""


def read_products() -> Products:
    """Every product of the catalogue, hidden ones too: they still inform similarity."""
    categories = {
        path: f"{en} {zh}" for path, en, zh in Category.objects.values_list("path", "name_en", "name_zh").order_by()
    }
    paths = sorted(categories)
    rows = {path: row for row, path in enumerate(paths)}
    columns = (
        *("id", "category__path", "price", "created_at", "active", "name_en", "name_zh"),
        *("description_en", "description_zh", "brand", "tags"),
    )
    ids, category, price, created, active, texts = [], [], [], [], [], []
    for row in Product.objects.order_by("pk").values_list(*columns).iterator(5_000):
        ids.append(row[0])
        category.append(rows[row[1]])
        price.append(float(row[2]))
        created.append(int(row[3].timestamp() * 1000))
        active.append(row[4])
        texts.append(" ".join([*row[5:10], *row[10], categories[row[1]]]))
    return Products(
        ids,
        np.array(category, np.int32),
        paths,
        np.array(price, np.float64),
        np.array(created, np.int64),
        texts,
        np.array(active, np.bool_),
    )


@dataclass
class _Columns:
    """What the chunks add up to."""

    products: dict[str, int]
    actors: dict[str, int] = field(default_factory=dict)
    shoppers: dict[str, int] = field(default_factory=dict)
    parts: list[tuple[NDArray[Any], ...]] = field(default_factory=list)
    unknown_products: int = 0

    def add(self, chunk: Any) -> None:
        """Take a pandas frame of (visitor, shopper, product, kind, ms)."""
        product = chunk[2].map(self.products)
        missing = product.isna().to_numpy()
        self.unknown_products += int(missing.sum())
        chunk, product = chunk[~missing], product[~missing]
        shopper = _numbered(chunk[1], self.shoppers, empty=-1)
        visitor = chunk[0].where(chunk[0] != "", "\x00" + chunk[1])
        self.parts.append(
            (
                _numbered(visitor, self.actors, empty=-1).astype(np.int64),
                shopper.astype(np.int32),
                product.to_numpy(np.int32),
                chunk[3].to_numpy(np.int8),
                chunk[4].to_numpy(np.int64),
            )
        )


def _numbered(values: Any, known: dict[str, int], *, empty: int) -> NDArray[np.int64]:
    """Numbers of strings, new ones in the order of appearance; the empty string is ``empty``."""
    import pandas as pd

    codes, uniques = pd.factorize(values)
    numbers = np.array([known.setdefault(text, len(known)) if text else empty for text in uniques], np.int64)
    return numbers[codes] if len(codes) else np.zeros(0, np.int64)


def read_dataset(
    *, days: int = KEEP_DAYS, until: datetime | None = None, say: Callable[[str], None] = lambda _: None
) -> Dataset:
    """The interactions of the last ``days`` before ``until`` (now), in sessions.

    Args:
        say: told each step in a line.
    """
    until = until or clock.now()
    since = until - timedelta(days=days)
    products = read_products()
    say(f"{len(products)} products")
    columns = _Columns({product_id: row for row, product_id in enumerate(products.ids)})
    for name, query in (("order lines", _orders_query(since, until)), ("events", _events_query(since, until))):
        before = sum(len(part[0]) for part in columns.parts)
        for chunk in _chunks(query):
            columns.add(chunk)
        say(f"{sum(len(part[0]) for part in columns.parts) - before} interactions from {name}")
    if columns.unknown_products:
        say(f"{columns.unknown_products} interactions with products that the catalogue does not have were left out")
    return _assemble(products, columns)


def _assemble(products: Products, columns: _Columns) -> Dataset:
    types = (np.int64, np.int32, np.int32, np.int8, np.int64)
    empty = tuple(np.zeros(0, kind) for kind in types)
    actor, shopper, product, kind, at = (
        np.concatenate(column) for column in zip(*(columns.parts or [empty]), strict=True)
    )
    return build(
        products, actor=actor, shopper=shopper, product=product, kind=kind, at=at, shopper_ids=list(columns.shoppers)
    )


def _orders_query(since: datetime, until: datetime) -> str:
    return ORDER_LINES.format(purchase=int(Kind.PURCHASE), since=since.isoformat(), until=until.isoformat())


def _events_query(since: datetime, until: datetime) -> str:
    return EVENTS.format(
        cases=" ".join(f"WHEN '{name}' THEN {int(kind)}" for name, kind in KIND_OF_EVENT.items()),
        types=", ".join(f"'{name}'" for name in KIND_OF_EVENT),
        # Senders' clocks may be off by a day before they are corrected: the id is a bound for the partitions only.
        low=lowest_id(since - timedelta(days=1)),
        since=since.isoformat(),
        until=until.isoformat(),
    )


def _chunks(query: str) -> Iterator[Any]:
    """Frames of :data:`CHUNK_ROWS` rows of a COPY, which goes through a file so that memory holds one of them."""
    import pandas as pd

    with tempfile.TemporaryFile() as spool:
        _copy(query, spool)
        if spool.tell() == 0:
            return
        spool.seek(0)
        types = {0: str, 1: str, 2: str, 3: np.int8, 4: np.int64}
        yield from pd.read_csv(spool, header=None, dtype=types, keep_default_na=False, chunksize=CHUNK_ROWS)


def _copy(query: str, spool: IO[bytes]) -> None:
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.cursor.copy_expert(query, spool)
