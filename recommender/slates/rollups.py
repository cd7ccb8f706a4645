"""Sums of slates by slot and day, recomputed for the recent past by a tick, so that dashboards scan neither slates nor events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from recommender.slates.models import SlotDay, SlotHour
from shop import clock
from shop.days import day_of, start_of_day, unsettled_since
from shop.events.ids import lowest_id

# Slates come over a stream: hours before these do not change any more.
LATE = timedelta(hours=3)
# Hours are kept for alarms alone.
KEPT = timedelta(days=8)
# Nothing was known, and a model said so: popularity is the right answer.
NEWCOMERS = "count(*) FILTER (WHERE NOT known AND model <> 'popular')"
# What an experiment holds out is shown popularity on purpose: no fallback, unlike an arm whose model does not serve.
FALLBACK = """
    count(*) FILTER (WHERE fallback AND (known OR model = 'popular')
        AND NOT (model = 'popular' AND variant LIKE '%%:%%' AND context @> '{"experiment": {"held_out": true}}'))"""
SHOWN = f"""
INSERT INTO recommender_slotday (day, slot, slates, newcomers, fallback, seen, clicked)
SELECT (at AT TIME ZONE %(zone)s)::date, slot, count(*), {NEWCOMERS}, {FALLBACK}, 0, 0
FROM recommender_slate WHERE at >= %(since)s GROUP BY 1, 2
ON CONFLICT (day, slot) DO UPDATE
SET slates = excluded.slates, newcomers = excluded.newcomers, fallback = excluded.fallback
"""
HOURS = f"""
INSERT INTO recommender_slothour (hour, slot, slates, known, fallback, short)
SELECT date_trunc('hour', at, 'UTC'), slot, count(*), count(*) - {NEWCOMERS}, {FALLBACK}, count(*) FILTER (WHERE short)
FROM recommender_slate WHERE at >= %(late)s GROUP BY 1, 2
ON CONFLICT (hour, slot) DO UPDATE
SET slates = excluded.slates, known = excluded.known, fallback = excluded.fallback, short = excluded.short
"""
# A slate counts on the day it was chosen, when it is clicked on that day or the one after; each slate once.
ANSWERED = """
UPDATE recommender_slotday AS target SET seen = sums.seen, clicked = sums.clicked
FROM (
    SELECT (slate.at AT TIME ZONE %(zone)s)::date AS day, slate.slot,
        count(DISTINCT slate.id) FILTER (WHERE event.type = 'slate_seen') AS seen,
        count(DISTINCT slate.id) FILTER (WHERE event.type = 'slate_clicked') AS clicked
    FROM shop_event AS event JOIN recommender_slate AS slate ON slate.id = event.slate_id
    WHERE event.id >= %(low)s AND event.type IN ('slate_seen', 'slate_clicked') AND slate.at >= %(since)s
    GROUP BY 1, 2
) AS sums
WHERE target.day = sums.day AND target.slot = sums.slot
"""


def refresh(since: datetime | None = None) -> None:
    """Recompute the shop's days from that of ``since`` on (default: what is not settled yet)."""
    if since is None:
        first = unsettled_since(SlotDay.objects.aggregate(newest=Max("day"))["newest"])
    else:
        first = start_of_day(day_of(since))
    values: dict[str, Any] = {
        "since": first,
        "low": lowest_id(first - timedelta(days=1)),
        "zone": settings.SHOP_TIME_ZONE,
        "late": (clock.now() - LATE).replace(minute=0, second=0, microsecond=0),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('slot rollups'))")
        cursor.execute(SHOWN, values)
        cursor.execute(ANSWERED, values)
        cursor.execute(HOURS, values)
    SlotHour.objects.filter(hour__lt=clock.now() - KEPT).delete()
