"""What a shadow's answers say beside those that were shown: overlap, latency, and what shoppers then did.

Clicks can only be on what was shown, so the share of them that the shadow had is a lower bound of what it would have got. What was
put into the cart within half an hour, from anywhere, is the fairer count, and still leans towards what was shown.

Slates of one person are alike, and what they put into the cart follows several of them: shares are means over people, of the mean
of each, and intervals count people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from recommender.evaluation import intervals, paired
from recommender.slates.models import ShadowAnswer, Slate
from recommender.training.models import ModelVersion
from shop.events.ids import lowest_id

# The newest are enough for an interval, and keep the page quick.
MOST = 5_000
WITHIN = timedelta(minutes=30)
# An interval of fewer people says nothing.
LEAST_PEOPLE = 30

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
            had and that were shown; ``gain``: their difference, paired by person.
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

    @property
    def clear(self) -> bool:
        """Whether the gain leaves out zero, by enough people."""
        gain = self.gain.estimate
        return gain.n >= LEAST_PEOPLE and (gain.low > 0 or gain.high < 0)

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
    followed, person_of = _followed(rows), _people(rows)
    clicks, hits, mine, theirs = 0, _ByPerson(), _ByPerson(), _ByPerson()
    overlap = _ByPerson()
    for row in rows:
        clicked, added = followed.get(row.pk, ((), ()))
        person = person_of.get(row.slate_id) or str(row.slate_id)
        overlap.add(person, row.overlap)
        for product in clicked:
            if product in row.shown:
                clicks += 1
                hits.add(person, float(product in row.items))
        if added:
            mine.add(person, sum(product in row.items for product in added) / len(added))
            theirs.add(person, sum(product in row.shown for product in added) / len(added))
    milliseconds = [row.milliseconds for row in rows]
    p50, p99 = np.quantile(milliseconds, [0.5, 0.99], method="lower")
    of_mine, of_theirs = mine.means, theirs.means
    return ShadowReport(
        answers=len(rows),
        overlap=intervals.mean(overlap.means),
        p50_ms=float(p50),
        p99_ms=float(p99),
        clicks=clicks,
        clicks_had=intervals.mean(hits.means),
        added=mine.count,
        mine=float(of_mine.mean()) if mine.count else 0.0,
        theirs=float(of_theirs.mean()) if theirs.count else 0.0,
        gain=paired.compare(of_mine, of_theirs),
    )


class _ByPerson:
    """Values of slates, by whose they are."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}

    def add(self, person: str, value: float) -> None:
        """One more."""
        self._values.setdefault(person, []).append(value)

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(map(len, self._values.values()))

    @property
    def means(self) -> NDArray[np.float64]:
        """(people,) in the order in which they came."""
        return np.array([sum(values) / len(values) for values in self._values.values()], np.float64)


def _people(rows: list[ShadowAnswer]) -> dict[UUID, str]:
    """Slate to whose it is; empty, or none, where that is not known any more."""
    held = Slate.objects.filter(pk__in=[row.slate_id for row in rows])
    return {
        pk: shopper_id or visitor_id
        for pk, shopper_id, visitor_id in held.values_list("pk", "shopper_id", "visitor_id")
    }


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
