"""What people did who saw an arm, as sums: one query over the logged slates and the events that followed.

A **person** is the shopper where one is known, by now, to be behind the browser, else the visitor. Who saw several arms counts for
the one seen first, with all that came after (intent to treat). Robots are left out by the two signs by which they are left out of
training: what they call themselves, and their speed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from recommender.dataset.cleaning.robots import A_DAY, A_MINUTE, AGENTS
from recommender.statistics.samples import AdjustedSample, RatioSample, Sample
from shop.events.ids import lowest_id

# Spend before the experiment was met, taken out of the comparison of spend after it (CUPED).
BEFORE = timedelta(days=28)

# A name by which PostgreSQL knows a boundary of a word is \y.
_ROBOTS = AGENTS.replace(r"\b", r"\y")
# Robots by their speed, from "shown" (person, at); who calls itself one says so in an act.
PACED = """
    SELECT person FROM (
        SELECT person, at - lag(at, %(minute)s - 1) OVER (PARTITION BY person ORDER BY at) AS took FROM shown
    ) AS paced
    WHERE took < interval '1 minute'
    UNION
    SELECT person FROM shown GROUP BY person, at::date HAVING count(*) >= %(day)s
"""
SIGNS = {"robots": _ROBOTS, "minute": A_MINUTE, "day": A_DAY}
# An order that was called off is worth what it gave back: nothing before it was paid. Senders that do not say mean all of it.
_SHOWN = f"""
shown AS MATERIALIZED (
    SELECT slate.id, slate.variant, slate.at, slate.fallback, slate.known OR slate.model = 'popular' AS countable,
        slate.context->'experiment' AS drawn,
        coalesce(nullif(slate.shopper_id, ''), visitor.shopper_id, slate.visitor_id) AS person
    FROM recommender_slate AS slate LEFT JOIN shop_visitor AS visitor ON visitor.id = slate.visitor_id
    WHERE slate.variant = ANY(%(variants)s) AND slate.at >= %(since)s AND slate.at < %(until)s
        AND (slate.visitor_id <> '' OR slate.shopper_id <> '')
),
acts AS MATERIALIZED (
    SELECT coalesce(nullif(event.shopper_id, ''), visitor.shopper_id, event.visitor_id) AS person, event.type, event.occurred_at,
        event.slate_id, event.product_id, event.simulated,
        CASE WHEN event.type = 'order_cancelled' AND event.properties->>'refunded' ~ '^[0-9]{{1,12}}([.][0-9]+)?$'
            THEN (event.properties->>'refunded')::numeric ELSE event.value END AS value,
        event.properties ? 'user_agent' AND event.properties->>'user_agent' ~* %(robots)s AS robot
    FROM shop_event AS event LEFT JOIN shop_visitor AS visitor ON visitor.id = event.visitor_id
    WHERE event.id >= %(low)s AND event.id < %(high)s
        AND event.type IN ('slate_seen', 'slate_clicked', 'product_added', 'order_completed', 'order_refunded', 'order_cancelled')
),
robots AS MATERIALIZED (
    SELECT person FROM acts WHERE robot
    UNION
    {PACED}
),
answered AS MATERIALIZED (
    SELECT slate_id, bool_or(type = 'slate_clicked') AS clicked FROM acts
    WHERE slate_id IS NOT NULL AND type IN ('slate_seen', 'slate_clicked') GROUP BY slate_id
)
"""
_PEOPLE = (
    "WITH "
    + _SHOWN
    + """,
met AS MATERIALIZED (
    SELECT DISTINCT ON (person) person, variant, at FROM shown ORDER BY person, at, id
),
rows AS (
    SELECT met.person, met.variant, met.at, count(answered.slate_id) FILTER (WHERE shown.variant = met.variant) AS seen,
        count(*) FILTER (WHERE answered.clicked AND shown.variant = met.variant) AS clicked,
        bool_or(shown.variant <> met.variant) AS crossed
    FROM met JOIN shown USING (person) LEFT JOIN answered ON answered.slate_id = shown.id GROUP BY 1, 2, 3
),
done AS (
    SELECT met.person, bool_or(type = 'product_added')::int AS added, bool_or(type = 'order_completed')::int AS ordered,
        coalesce(sum(value) FILTER (WHERE type = 'order_completed'), 0)
            - coalesce(sum(value) FILTER (WHERE type IN ('order_refunded', 'order_cancelled')), 0) AS spent,
        bool_or(simulated) AS simulated
    FROM met JOIN acts ON acts.person = met.person AND acts.occurred_at >= met.at AND acts.occurred_at < %(until)s GROUP BY 1
),
before AS (
    SELECT met.person, sum(event.value) AS spent
    FROM shop_event AS event LEFT JOIN shop_visitor AS visitor ON visitor.id = event.visitor_id
        JOIN met ON met.person = coalesce(nullif(event.shopper_id, ''), visitor.shopper_id, event.visitor_id)
    WHERE event.type = 'order_completed' AND event.id >= %(low_before)s AND event.id < %(high)s
        AND event.occurred_at < met.at AND event.occurred_at >= met.at - %(before)s
    GROUP BY 1
),
people AS (
    SELECT rows.variant, rows.seen, rows.clicked, rows.crossed, coalesce(done.added, 0) AS added,
        coalesce(done.ordered, 0) AS ordered, coalesce(done.spent, 0)::float AS spent,
        coalesce(before.spent, 0)::float AS spent_before,
        coalesce(done.simulated, false) AS simulated, robots.person IS NOT NULL AS robot
    FROM rows LEFT JOIN done USING (person) LEFT JOIN before USING (person) LEFT JOIN robots USING (person)
)
SELECT variant, robot, count(*), count(*) FILTER (WHERE crossed), count(*) FILTER (WHERE simulated), sum(clicked), sum(seen),
    sum(clicked ^ 2), sum(seen ^ 2), sum(clicked * seen), sum(added), sum(ordered), sum(spent), sum(spent ^ 2), sum(spent_before),
    sum(spent_before ^ 2), sum(spent * spent_before)
FROM people GROUP BY 1, 2
"""
)
_SLATES = (
    "WITH "
    + _SHOWN
    + """
SELECT variant, count(*), count(*) FILTER (WHERE countable), count(*) FILTER (WHERE countable AND fallback),
    count(answered.slate_id), count(*) FILTER (WHERE clicked),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY (drawn->>'ms')::float),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY (drawn->>'ms')::float)
FROM shown LEFT JOIN answered ON answered.slate_id = shown.id WHERE person NOT IN (SELECT person FROM robots) GROUP BY 1
"""
)
_TEAMS = (
    "WITH "
    + _SHOWN
    + """
SELECT shown.person, shown.id, item->>'team', count(DISTINCT acts.product_id)
FROM shown JOIN acts ON acts.slate_id = shown.id AND acts.type = 'slate_clicked'
    JOIN recommender_slate AS slate ON slate.id = shown.id
    JOIN LATERAL jsonb_array_elements(slate.items) AS item ON item->>'product_id' = acts.product_id
WHERE item ? 'team' AND shown.person NOT IN (SELECT person FROM robots)
GROUP BY 1, 2, 3 ORDER BY 1, 2
"""
)
_DRAWN = (
    "WITH "
    + _SHOWN
    + """
SELECT person, variant, drawn->'shares', coalesce(drawn->>'situation', ''), answered.clicked
FROM shown JOIN answered ON answered.slate_id = shown.id
WHERE drawn ? 'shares' AND person NOT IN (SELECT person FROM robots) ORDER BY shown.at DESC LIMIT %(most)s
"""
)


_NO_CLICKS, _NOBODY, _NO_SPEND = RatioSample(0, 0, 0, 0, 0, 0), Sample(0, 0, 0), AdjustedSample(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Outcome:
    """An arm's people, robots left out.

    Attributes:
        crossed: of the people, those who saw another arm too; simulated: those with a simulated act.
        clicks: clicked slates of those seen, by person.
        added, ordered: whether a person did; spend: how much, with what was spent before.
    """

    people: int = 0
    crossed: int = 0
    simulated: int = 0
    robots: int = 0
    clicks: RatioSample = _NO_CLICKS
    added: Sample = _NOBODY
    ordered: Sample = _NOBODY
    spend: AdjustedSample = _NO_SPEND


@dataclass(frozen=True)
class Served:
    """An arm's slates.

    Attributes:
        known: those chosen with something known, of which ``fallback`` are mostly what anybody would be shown.
        p50_ms, p95_ms: of choosing one; None where it was not measured.
    """

    slates: int = 0
    known: int = 0
    fallback: int = 0
    seen: int = 0
    clicked: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None


def _values(variants: list[str], since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "variants": variants,
        "since": since,
        "until": until,
        # The sender's clock may be behind.
        "low": lowest_id(since - timedelta(days=1)),
        "low_before": lowest_id(since - BEFORE - timedelta(days=1)),
        "high": lowest_id(until + timedelta(days=1)),
        "before": BEFORE,
        **SIGNS,
    }


@contextmanager
def joining() -> Iterator[Any]:
    """A cursor whose joins are by hash: PostgreSQL guesses how much a WITH holds, and a loop within a loop over a wrong guess
    takes hours where this takes seconds."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield cursor
        cursor.execute("SET LOCAL enable_nestloop = DEFAULT")


def people(variants: list[str], since: datetime, until: datetime) -> dict[str, Outcome]:
    """Variant to what its people did from meeting it until ``until``; those of whom nobody saw anything are left out."""
    found: dict[str, Outcome] = {}
    robots: dict[str, int] = {}
    with joining() as cursor:
        cursor.execute(_PEOPLE, _values(variants, since, until))
        for variant, robot, n, crossed, simulated, *sums in cursor.fetchall():
            if robot:
                robots[variant] = n
                continue
            clicked, seen, clicked2, seen2, both, added, ordered, *spend = map(float, sums)
            found[variant] = Outcome(
                n,
                crossed,
                simulated,
                0,
                RatioSample(n, clicked, seen, clicked2, seen2, both),
                Sample(n, added, added),
                Sample(n, ordered, ordered),
                AdjustedSample(n, *spend),
            )
    for variant, n in robots.items():
        found[variant] = replace(found.get(variant, Outcome()), robots=n)
    return found


def served(variants: list[str], since: datetime, until: datetime) -> dict[str, Served]:
    """Variant to its slates."""
    with joining() as cursor:
        cursor.execute(_SLATES, _values(variants, since, until))
        return {variant: Served(*rest) for variant, *rest in cursor.fetchall()}


def drawn(
    variants: list[str], since: datetime, until: datetime, most: int
) -> list[tuple[str, str, dict[str, float], str, bool]]:
    """(person, variant, letter to share, situation, clicked) of the newest slates that were seen, at most ``most``."""
    with joining() as cursor:
        cursor.execute(_DRAWN, {**_values(variants, since, until), "most": most})
        return [(*row[:2], _json(row[2]), *row[3:]) for row in cursor.fetchall()]


def _json(value: Any) -> dict[str, float]:
    """Django's cursors give JSON as text."""
    return dict(orjson.loads(value) if isinstance(value, str) else value)


def team_clicks(variant: str, since: datetime, until: datetime) -> dict[str, list[dict[str, int]]]:
    """Person to the clicked products of each interleaved slate, by team; people and slates without a click are left out."""
    found: dict[str, dict[Any, dict[str, int]]] = {}
    with joining() as cursor:
        cursor.execute(_TEAMS, _values([variant], since, until))
        for person, slate, team, clicks in cursor.fetchall():
            found.setdefault(person, {}).setdefault(slate, {})[team] = clicks
    return {person: list(slates.values()) for person, slates in found.items()}
