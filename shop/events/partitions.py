"""Monthly partitions of the events table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from shop.events.ids import lowest_id


def months(first: datetime, last: datetime) -> Iterator[datetime]:
    """The first moments (UTC) of the months from that of ``first`` to that of ``last``."""
    month = first.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def ensure_partitions(first: datetime, last: datetime) -> list[str]:
    """Make the partitions of all months from ``first`` to ``last`` that are missing; return the names of those made.

    Rows that the default partition already holds for a new month are moved into it.
    """
    made = []
    for month in months(first, last):
        name = f"shop_event_{month:%Y_%m}"
        low, high = lowest_id(month), lowest_id((month + timedelta(days=32)).replace(day=1))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('shop_event partitions'))")
            cursor.execute("SELECT to_regclass(%s)", [name])
            if cursor.fetchone()[0] is not None:
                continue
            # Nobody may add to the default partition between the move and the attachment.
            cursor.execute("LOCK TABLE shop_event_default IN ACCESS EXCLUSIVE MODE")
            cursor.execute(f"CREATE TABLE {name} (LIKE shop_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
            cursor.execute(
                f"WITH moved AS (DELETE FROM shop_event_default WHERE id >= %s AND id < %s RETURNING *)"
                f" INSERT INTO {name} SELECT * FROM moved",
                [low, high],
            )
            cursor.execute(f"ALTER TABLE shop_event ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)", [low, high])
        made.append(name)
    return made
