"""What a shadow's answers say beside those that were shown: overlap, latency, and what shoppers then did.

Clicks can only be on what was shown, so the share of them that the shadow had is a lower bound of what it would have got. What was
put into the cart within half an hour, from anywhere, is the fairer count, and still leans towards what was shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import connection

from recommender.evaluation import intervals, paired
from recommender.slates.models import ShadowAnswer
from recommender.training.models import ModelVersion
from shop.events.ids import lowest_id

# The newest are enough for an interval, and keep the page quick.
MOST = 5_000
WITHIN = timedelta(minutes=30)

FOLLOWED = """
SELECT answer.id,
    array_agg(DISTINCT event.product_id) FILTER (WHERE event.type = 'slate_clicked' AND event.slate_id = answer.slate_id),
    array_agg(DISTINCT event.product_id) FILTER (WHERE event.type = 'product_added')
FROM recommender_shadowanswer AS answer
JOIN recommender_slate AS slate ON slate.id = answer.slate_id AND slate.visitor_id <> ''
JOIN shop_event AS event ON event.visitor_id = slate.visitor_id AND event.product_id <> ''
    AND event.type IN ('slate_clicked', 'product_added') AND event.id >= %(low)s
    AND event.occurred_at BETWEEN slate.at AND slate.at + %(within)s
WHERE answer.id = ANY(%(answers)s)
GROUP BY answer.id
"""


@dataclass(frozen=True)
class ShadowReport:
    """Figures of the newest answers of a shadow.

    Attributes:
        answers: how many they are.
        overlap: share of a slate's products that it would have shown too.
        p50_ms, p99_ms: of the processor, for an answer.
        clicks: clicked products; ``clicks_had``: the share of them that it had.
        added: slates after which something was put into the cart; ``mine`` and ``theirs``: share of those products that the shadow
            had and that were shown; ``gain``: their difference, paired.
    """

    answers: int
    overlap: intervals.Estimate
    p50_ms: float
    p99_ms: float
    clicks: int
    clicks_had: intervals.Estimate
    added: int
    mine: float
    theirs: float
    gain: paired.Paired

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        plain = {
            name: getattr(self, name) for name in ("answers", "p50_ms", "p99_ms", "clicks", "added", "mine", "theirs")
        }
        return {
            **plain,
            "overlap": self.overlap.as_json(),
            "clicks_had": self.clicks_had.as_json(),
            "gain": self.gain.as_json(),
        }


def report(version: ModelVersion) -> ShadowReport | None:
    """The report, or None before the first answer."""
    rows = list(ShadowAnswer.objects.filter(version=version).order_by("-at", "-id")[:MOST])
    if not rows:
        return None
    followed = _followed(rows)
    had, mine, theirs = [], [], []
    for row in rows:
        clicked, added = followed.get(row.pk, ((), ()))
        had += [float(product in row.items) for product in clicked if product in row.shown]
        if added:
            mine.append(sum(product in row.items for product in added) / len(added))
            theirs.append(sum(product in row.shown for product in added) / len(added))
    milliseconds = [row.milliseconds for row in rows]
    p50, p99 = np.quantile(milliseconds, [0.5, 0.99], method="lower")
    gain = paired.compare(np.array(mine), np.array(theirs))
    return ShadowReport(
        answers=len(rows),
        overlap=intervals.mean(np.array([row.overlap for row in rows])),
        p50_ms=float(p50),
        p99_ms=float(p99),
        clicks=len(had),
        clicks_had=intervals.mean(np.array(had)),
        added=len(mine),
        mine=float(np.mean(mine)) if mine else 0.0,
        theirs=float(np.mean(theirs)) if theirs else 0.0,
        gain=gain,
    )


def _followed(rows: list[ShadowAnswer]) -> dict[int, tuple[list[str], list[str]]]:
    """Answer to the products clicked in its slate, and those put into the cart soon after."""
    oldest = min(row.at for row in rows)
    values: dict[str, Any] = {
        "low": lowest_id(oldest - timedelta(days=1)),
        "within": WITHIN,
        "answers": [row.pk for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(FOLLOWED, values)
        return {pk: (clicked or [], added or []) for pk, clicked, added in cursor.fetchall()}
