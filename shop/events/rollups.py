"""Sums of events by hour and of sessions by day, recomputed for the recent past by a tick.

A late event changes sums of its own time only, so each refresh rewrites a window that reaches back far enough and leaves the rest.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from shop.days import day_of, start_of_day, unsettled_since
from shop.events.ids import lowest_id
from shop.events.models import EventHour

HOURS = """
INSERT INTO shop_eventhour (hour, type, simulated, events)
SELECT date_trunc('hour', occurred_at), type, simulated, count(*)
FROM shop_event WHERE id >= %(low)s AND occurred_at >= %(since)s AND source <> 'history' GROUP BY 1, 2, 3
ON CONFLICT (hour, type, simulated) DO UPDATE SET events = excluded.events
"""
DAYS = """
INSERT INTO shop_funnelday (day, simulated, sessions, viewed, added, ordered)
SELECT day, simulated, count(*), count(*) FILTER (WHERE viewed), count(*) FILTER (WHERE added), count(*) FILTER (WHERE ordered)
FROM (
    SELECT (min(occurred_at) AT TIME ZONE %(zone)s)::date AS day, simulated,
        bool_or(type = 'product_viewed') AS viewed, bool_or(type = 'product_added') AS added,
        bool_or(type = 'order_completed') AS ordered
    FROM shop_event
    WHERE id >= %(low)s AND occurred_at >= %(since)s AND session_id <> '' AND source <> 'history'
    GROUP BY session_id, simulated
) AS sessions
GROUP BY day, simulated
ON CONFLICT (day, simulated) DO UPDATE
SET sessions = excluded.sessions, viewed = excluded.viewed, added = excluded.added, ordered = excluded.ordered
"""
# The id carries the sender's clock, which may go wrong by this much before the event is refused or set right.
CLOCK_SLACK = timedelta(days=1)


def _summed() -> date | None:
    newest: datetime | None = EventHour.objects.aggregate(newest=Max("hour"))["newest"]
    return day_of(newest) if newest is not None else None


def refresh(since: datetime | None = None) -> None:
    """Recompute all whole hours and shop days from the day of ``since`` on (default: what is not settled yet)."""
    first = start_of_day(day_of(since)) if since is not None else unsettled_since(_summed())
    values: dict[str, Any] = {"since": first, "low": lowest_id(first - CLOCK_SLACK), "zone": settings.SHOP_TIME_ZONE}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('event rollups'))")
        cursor.execute(HOURS, values)
        cursor.execute(DAYS, values)
