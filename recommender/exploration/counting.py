"""Counting impressions: a tick adds the slates since the last one, each once, and drops days that nobody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db import connection, transaction
from django.db.models import Sum
from numpy.typing import NDArray

from recommender.exploration.models import CountedUntil, ImpressionDay
from shop import clock

KEEP_DAYS = 90
# What a window of exposure is: clicks are learned from with the impressions of as many days, and hardly shown is by it.
WINDOW_DAYS = 28
# Slates come over a stream; what is younger may be under way.
SETTLED = timedelta(seconds=60)
# At once: a day of a busy shop, so that a first count is no transaction of hours.
MOST = timedelta(days=1)
# Products of a page that a slot only put in order are shown by the page, not by us.
ADD = """
INSERT INTO recommender_impressionday (day, product_id, shown, explored)
SELECT (at AT TIME ZONE 'UTC')::date, item->>'product_id', count(*), count(*) FILTER (WHERE item->>'source' = 'exploration')
FROM recommender_slate CROSS JOIN LATERAL jsonb_array_elements(items) AS standing (item)
WHERE at > %(since)s AND at <= %(until)s AND NOT coalesce(context->'from' ? 'given', false) GROUP BY 1, 2
ON CONFLICT (day, product_id) DO UPDATE SET shown = recommender_impressionday.shown + excluded.shown,
    explored = recommender_impressionday.explored + excluded.explored
"""


def count(until: datetime) -> int:
    """Add what was shown since the last time and before ``until``, a day at a time.

    Args:
        until: slates chosen before it are in the table, but for those of the last moments.

    Returns:
        How many pairs of a day and a product were touched.
    """
    touched = 0
    while (added := _add(until)) is not None:
        touched += added
    ImpressionDay.objects.filter(day__lt=(clock.now() - timedelta(days=KEEP_DAYS)).date()).delete()
    return touched


@transaction.atomic
def _add(before: datetime) -> int | None:
    """One step; None where all that has settled is counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('pushcart impressions'))")
        mark = CountedUntil.objects.first() or CountedUntil(at=before - timedelta(days=WINDOW_DAYS))
        until = min(before - SETTLED, mark.at + MOST)
        if until <= mark.at:
            return None
        cursor.execute(ADD, {"since": mark.at, "until": until})
        touched: int = cursor.rowcount
        mark.at = until
        mark.save()
    return touched


def shown_lately(product_ids: Sequence[str]) -> NDArray[np.int64]:
    """(products,) in how many slates each stood within the window."""
    since = (clock.now() - timedelta(days=WINDOW_DAYS)).date()
    rows = ImpressionDay.objects.filter(day__gte=since).order_by().values_list("product_id").annotate(n=Sum("shown"))
    counts = dict(rows.iterator(10_000))
    return np.array([counts.get(product_id, 0) for product_id in product_ids], np.int64)
