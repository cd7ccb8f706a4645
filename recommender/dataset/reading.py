"""Raw rows of the shop by day, by COPY: order lines, returns, opinions, product events; and a cheap pulse that tells a changed day.

A day is a UTC day, numbered from the epoch. COPY goes through a file and from there in chunks, so that memory holds the rows of
one day at most.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import numpy as np
from django.db import connection

from recommender.dataset.kinds import KIND_OF_EVENT, Kind
from shop.events.ids import lowest_id

CHUNK_ROWS = 200_000
# Of a frame of raw rows, in order; strings are never missing, numbers may be nan. ``at`` and ``received``: ms since the epoch, UTC.
# ``value``: unit price, or the rating; ``agent``: what the sender calls itself.
COLUMNS: dict[str, Any] = {
    "id": str,
    "visitor": str,
    "shopper": str,
    "product": str,
    "kind": np.int8,
    "at": np.int64,
    "received": np.int64,
    "quantity": np.float64,
    "value": np.float64,
    "agent": str,
}
# floor(): a cast alone rounds, which would count the last half second of a day as the next day's.
ORDER_LINES = """
COPY (
    SELECT 'l' || l.id, o.visitor_id, coalesce(o.shopper_id, ''), l.product_id, {purchase},
           floor(extract(epoch FROM o.placed_at) * 1000)::bigint, floor(extract(epoch FROM o.placed_at) * 1000)::bigint,
           l.quantity - l.returned, l.unit_price, ''
    FROM shop_orderline l JOIN shop_order o ON o.id = l.order_id
    WHERE o.placed_at >= '{since}' AND o.placed_at < '{until}' AND o.status NOT IN ('declined', 'cancelled')
        AND (l.returned < l.quantity OR l.quantity = 0)
) TO STDOUT WITH (FORMAT csv)
"""
EVENTS = """
COPY (
    SELECT id, visitor_id, shopper_id, product_id, CASE type {cases} END, floor(extract(epoch FROM occurred_at) * 1000)::bigint,
           floor(extract(epoch FROM received_at) * 1000)::bigint, quantity, value, coalesce(properties->>'user_agent', '')
    FROM shop_event
    WHERE id >= '{low}' AND id < '{high}' AND occurred_at >= '{since}' AND occurred_at < '{until}' AND type IN ({types})
) TO STDOUT WITH (FORMAT csv)
"""
# What came back whole, on the day the last piece did. The purchase itself is no longer read.
RETURNS = """
COPY (
    SELECT 'b' || l.id, o.visitor_id, coalesce(o.shopper_id, ''), l.product_id, {back},
           floor(extract(epoch FROM max(r.at)) * 1000)::bigint, floor(extract(epoch FROM max(r.at)) * 1000)::bigint,
           l.quantity, l.unit_price, ''
    FROM shop_refund r
    JOIN shop_order o ON o.id = r.order_id AND o.status <> 'cancelled'
    CROSS JOIN LATERAL jsonb_array_elements(r.lines) AS came (line)
    JOIN shop_orderline l ON l.order_id = o.id AND l.product_id = came.line->>'product_id' AND l.returned = l.quantity
    WHERE r.reason = 'returned' AND r.at >= '{since}' AND r.at < '{until}' AND l.quantity > 0 AND NOT EXISTS (
        SELECT 1 FROM shop_refund n WHERE n.order_id = r.order_id AND n.reason = 'returned' AND n.at >= '{until}'
            AND n.lines @> jsonb_build_array(jsonb_build_object('product_id', l.product_id))
    )
    GROUP BY l.id, o.visitor_id, o.shopper_id
) TO STDOUT WITH (FORMAT csv)
"""
OPINIONS = """
COPY (
    SELECT 'o' || id, visitor_id, coalesce(shopper_id, ''), product_id, CASE kind WHEN 'liked' THEN {liked} ELSE {dismissed} END,
           floor(extract(epoch FROM at) * 1000)::bigint, floor(extract(epoch FROM at) * 1000)::bigint, '', '', ''
    FROM shop_opinion WHERE kind IN ('liked', 'dismissed') AND at >= '{since}' AND at < '{until}'
) TO STDOUT WITH (FORMAT csv)
"""
EVENT_PULSE = """
SELECT floor(extract(epoch FROM occurred_at) / 86400)::int, type, count(*),
       bit_xor(uuid_hash_extended(id, 0) # hashtextextended(concat_ws('/', visitor_id, shopper_id, product_id), 1))
FROM shop_event WHERE id >= %s AND id < %s AND occurred_at >= %s AND occurred_at < %s GROUP BY 1, 2
"""
ORDER_PULSE = """
SELECT floor(extract(epoch FROM o.placed_at) / 86400)::int, count(*), count(DISTINCT o.id) FILTER (WHERE o.source = 'history'),
       count(DISTINCT o.id),
       bit_xor(hashtextextended(concat_ws('/', l.id, l.product_id, o.status, o.visitor_id, o.shopper_id, l.quantity, l.returned,
                                          l.unit_price), 2))
FROM shop_orderline l JOIN shop_order o ON o.id = l.order_id
WHERE o.placed_at >= %s AND o.placed_at < %s GROUP BY 1
"""
OTHER_PULSE = """
SELECT floor(extract(epoch FROM at) / 86400)::int, count(*), bit_xor(mark) FROM (
    SELECT r.at, hashtextextended(concat_ws('/', r.key, r.reason, r.lines::text, o.status, o.visitor_id, o.shopper_id), 3) AS mark
    FROM shop_refund r JOIN shop_order o ON o.id = r.order_id
    UNION ALL
    SELECT at, hashtextextended(concat_ws('/', id, visitor_id, shopper_id, product_id, kind), 4) FROM shop_opinion
) AS said WHERE at >= %s AND at < %s GROUP BY 1
"""
# The id carries the sender's clock, which may be off by a day from the time that was corrected.
SLACK = timedelta(days=1)


@dataclass
class Pulse:
    """What a day holds, as the tables tell it without handing out a row.

    Attributes:
        events: type to how many, of all events.
        others: refunds and opinions.
        lines, orders, imported: order lines, orders, and those orders that were imported as history.
        mark: changes when a row comes, goes or becomes somebody else's.
    """

    events: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    orders: int = 0
    imported: int = 0
    others: int = 0
    mark: int = 0

    @property
    def stamp(self) -> str:
        """All of it in a word, to be compared."""
        return f"{self.lines}.{sum(self.events.values())}.{self.others}.{self.mark & (2**64 - 1):016x}"


def day_of(moment: datetime) -> int:
    """Number of the UTC day."""
    return int(moment.timestamp()) // 86400


def start_of(day: int) -> datetime:
    """Midnight UTC at which a day begins."""
    return datetime.fromtimestamp(day * 86400, UTC)


def pulses(since: datetime, until: datetime) -> dict[int, Pulse]:
    """Day to pulse, days without rows left out; one pass over the window, in the database."""
    found: dict[int, Pulse] = {}
    with connection.cursor() as cursor:
        cursor.execute(EVENT_PULSE, [lowest_id(since - SLACK), lowest_id(until + SLACK), since, until])
        for day, kind, count, mark in cursor.fetchall():
            pulse = found.setdefault(day, Pulse())
            pulse.events[kind] = count
            pulse.mark ^= mark
        cursor.execute(ORDER_PULSE, [since, until])
        for day, lines, imported, orders, mark in cursor.fetchall():
            pulse = found.setdefault(day, Pulse())
            pulse.lines, pulse.imported, pulse.orders = lines, imported, orders
            pulse.mark ^= mark
        cursor.execute(OTHER_PULSE, [since, until])
        for day, count, mark in cursor.fetchall():
            pulse = found.setdefault(day, Pulse())
            pulse.others = count
            pulse.mark ^= mark
    return dict(sorted(found.items()))


def read_day(day: int, until: datetime) -> Any:
    """The raw rows of a day before ``until``, a pandas frame of :data:`COLUMNS` in no particular order."""
    return read_between(start_of(day), min(start_of(day + 1), until))


def read_between(since: datetime, end: datetime) -> Any:
    """The raw rows from ``since`` and before ``end``, as of :func:`read_day`."""
    import pandas as pd

    window = {"since": since.isoformat(), "until": end.isoformat()}
    queries = (
        ORDER_LINES.format(purchase=int(Kind.PURCHASE), **window),
        RETURNS.format(back=int(Kind.RETURN), **window),
        OPINIONS.format(liked=int(Kind.WISH), dismissed=int(Kind.DISMISS), **window),
        _events_query(since, end),
    )
    parts = [chunk for query in queries for chunk in _chunks(query)]
    return pd.concat(parts, ignore_index=True) if parts else no_rows()


def no_rows() -> Any:
    """A frame without rows."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})


def _events_query(since: datetime, until: datetime) -> str:
    return EVENTS.format(
        cases=" ".join(f"WHEN '{name}' THEN {int(kind)}" for name, kind in KIND_OF_EVENT.items()),
        types=", ".join(f"'{name}'" for name in KIND_OF_EVENT),
        low=lowest_id(since - SLACK),
        high=lowest_id(until + SLACK),
        since=since.isoformat(),
        until=until.isoformat(),
    )


def _chunks(query: str) -> Iterator[Any]:
    """Frames of :data:`CHUNK_ROWS` rows of a COPY."""
    import pandas as pd

    with tempfile.TemporaryFile() as spool:
        _copy(query, spool)
        if spool.tell() == 0:
            return
        spool.seek(0)
        blank: dict[str, list[str]] = {"quantity": [""], "value": [""]}
        yield from pd.read_csv(
            spool,
            header=None,
            names=list(COLUMNS),
            dtype=COLUMNS,
            keep_default_na=False,
            na_values=blank,
            chunksize=CHUNK_ROWS,
        )


def _copy(query: str, spool: IO[bytes]) -> None:
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.cursor.copy_expert(query, spool)
