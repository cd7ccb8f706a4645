"""What a campaign caused: everybody planned, the skipped included, against the holdout (intent to treat).

A person's outcome is counted from the moment the message was decided on (sent, skipped or ghosted: the same code, the same
moment on both sides) for the campaign's window. People are compared once however many messages they were planned for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from push.campaigns.models import Campaign
from recommender.statistics.comparison import Comparison, compare, compare_at_any_time
from recommender.statistics.samples import AdjustedSample, NotEnough, Sample, cuped
from recommender.statistics.validity import (
    SRM_LIMIT,
    minimum_detectable_effect,
    sample_ratio_p,
    sample_ratio_p_at_any_time,
)
from shop import clock

# Spend before the message, taken out of the comparison of spend after it (CUPED).
BEFORE = timedelta(days=28)

_OUTCOMES = """
WITH people AS (
    SELECT shopper_id, arm <> 'send' AS held, min(decided_at) AS anchor
    FROM push_message
    WHERE campaign_id = %(campaign)s AND arm IN ('send', 'held') AND decided_at IS NOT NULL
    GROUP BY 1, 2
),
outcomes AS (
    SELECT people.held, people.anchor,
        (SELECT count(*) FROM shop_order AS o WHERE o.shopper_id = people.shopper_id AND o.status IN ('paid', 'pending', 'shipped')
            AND o.placed_at > people.anchor AND o.placed_at <= people.anchor + %(window)s AND o.placed_at <= %(now)s) AS orders,
        (SELECT coalesce(sum(o.total - o.refunded), 0) FROM shop_order AS o WHERE o.shopper_id = people.shopper_id
            AND o.status IN ('paid', 'pending', 'shipped') AND o.placed_at > people.anchor
            AND o.placed_at <= people.anchor + %(window)s AND o.placed_at <= %(now)s)::float AS spend,
        (SELECT coalesce(sum(o.total - o.refunded), 0) FROM shop_order AS o WHERE o.shopper_id = people.shopper_id
            AND o.status IN ('paid', 'pending', 'shipped') AND o.placed_at <= people.anchor
            AND o.placed_at > people.anchor - %(before)s)::float AS spend_before
    FROM people
)
SELECT held, count(*), count(*) FILTER (WHERE orders > 0), sum(spend), sum(spend ^ 2), sum(spend_before), sum(spend_before ^ 2),
    sum(spend * spend_before), max(anchor)
FROM outcomes GROUP BY held
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the holdout.

    Attributes:
        orders: how many of the people ordered at least once.
        spend: their spend, with what they spent before.
        last: the newest moment a person was decided on.
    """

    orders: Sample
    spend: AdjustedSample
    last: datetime | None

    @property
    def people(self) -> int:
        """How many."""
        return self.orders.n


@dataclass(frozen=True, slots=True)
class Incremental:
    """The comparison, or why there is none.

    Attributes:
        problem: empty, or ``no_holdout``, ``nobody_yet``, ``split`` (people were not divided as asked) or ``too_few``.
        share: the part of everybody that was asked to be held out.
        split_p: p-value of the split having been as asked; until the windows are over one that may be looked at every day.
        orders: difference in the share of people who ordered; spend: difference of spend a person.
        closed: whether everybody's window has passed and nothing more is to come.
        closes_at: when the last window passes.
        detectable: smallest difference in the share of people ordering that this split would find four times in five.
    """

    treated: Side
    held: Side
    share: float
    problem: str
    split_p: float
    orders: Comparison | None
    spend: Comparison | None
    closed: bool
    closes_at: datetime | None
    detectable: float


_NOBODY = Side(Sample(0, 0, 0), AdjustedSample(0, 0, 0, 0, 0, 0), None)


def _sides(campaign: Campaign) -> tuple[Side, Side]:
    values: dict[str, Any] = {
        "campaign": campaign.pk,
        "window": timedelta(days=campaign.window_days),
        "before": BEFORE,
        "now": clock.now(),
    }
    sides = {False: _NOBODY, True: _NOBODY}
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, values)
        for held, n, ordered, spend, squares, before, before_squares, product, last in cursor.fetchall():
            sides[held] = Side(
                Sample.proportion(ordered, n), AdjustedSample(n, spend, squares, before, before_squares, product), last
            )
    return sides[False], sides[True]


def incremental(campaign: Campaign) -> Incremental:
    """Compare the people a campaign was planned for with its holdout, now."""
    treated, held = _sides(campaign)
    share = campaign.holdout_share / 10_000
    ends = [side.last + timedelta(days=campaign.window_days) for side in (treated, held) if side.last]
    closes_at = max(ends, default=None)
    over = campaign.status in (Campaign.Status.FINISHED, Campaign.Status.CANCELLED)
    closed = bool(over and closes_at and closes_at <= clock.now())
    # Who looks every day at what runs would find it wrong one day, as with the figures below.
    of_split = sample_ratio_p if closed else sample_ratio_p_at_any_time
    split_p = of_split([treated.people, held.people], [1 - share, share]) if 0 < share < 1 else 1.0
    problem = ""
    if not share:
        problem = "no_holdout"
    elif not treated.people or not held.people:
        problem = "nobody_yet"
    elif split_p < SRM_LIMIT:
        problem = "split"
    orders = spend = None
    detectable = float("inf")
    if not problem:
        between = compare if closed else compare_at_any_time
        try:
            orders = between(held.orders, treated.orders)
        except NotEnough:
            problem = "too_few"
        try:
            spend = between(*cuped(held.spend, treated.spend))
        except NotEnough:
            spend = None
        rate = (held.orders + treated.orders).mean
        detectable = minimum_detectable_effect(rate * (1 - rate), treated.people, held.people)
    return Incremental(treated, held, share, problem, split_p, orders, spend, closed, closes_at, detectable)
