"""What bandits learn from, and what they make of it: sums of slates by arm and situation, then beliefs, then shares; by a tick.

Everything is computed from the slates of the last :data:`REMEMBERED` days, not added up step by step: a tick that was missed, or
ran twice, changes nothing. A slate counts when it has had :data:`ANSWERED_WITHIN` to be clicked; before that the newest slates,
which nobody had time to click, would speak against whichever arm is drawn most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q
from numpy.typing import NDArray

from recommender.experiments import bandits, outcomes, running
from recommender.experiments.logged import variants
from recommender.experiments.models import BANDITS, BY_SITUATION, ArmDay, Experiment
from recommender.experiments.outcomes import PACED
from recommender.experiments.situations import ALL, X
from shop import clock
from shop.days import day_of, start_of_day, unsettled_since
from shop.events.ids import lowest_id

Floats = NDArray[np.float64]

ANSWERED_WITHIN = timedelta(minutes=30)
# After an end the last slates are waited for, and a tick that is late.
LAST_LOOKS = timedelta(minutes=30)
# Tastes and models change.
REMEMBERED = timedelta(days=28)

# Slates of robots are left out, by the signs by which results leave them out: a row of which nothing else is left is zero.
_SUMS = f"""
WITH shown AS MATERIALIZED (
    SELECT slate.id, slate.variant, slate.at, coalesce(slate.context->'experiment'->>'situation', '') AS situation,
        coalesce(nullif(slate.shopper_id, ''), visitor.shopper_id, slate.visitor_id) AS person
    FROM recommender_slate AS slate LEFT JOIN shop_visitor AS visitor ON visitor.id = slate.visitor_id
    WHERE slate.variant = ANY(%(variants)s) AND slate.at >= %(since)s AND slate.at < %(until)s
),
answered AS MATERIALIZED (
    SELECT shown.id, shown.person, bool_or(event.type = 'slate_clicked' AND event.occurred_at < shown.at + %(within)s) AS clicked,
        bool_or(coalesce(event.properties->>'user_agent', '') ~* %(robots)s) AS robot
    FROM shown JOIN shop_event AS event ON event.slate_id = shown.id
    WHERE event.id >= %(low)s AND event.type IN ('slate_seen', 'slate_clicked')
    GROUP BY 1, 2
),
robots AS MATERIALIZED (
    SELECT person FROM answered WHERE robot
    UNION
    {PACED}
)
INSERT INTO recommender_armday (arm_id, day, situation, slates, seen, clicked)
SELECT arm.id, (shown.at AT TIME ZONE %(zone)s)::date, shown.situation, count(*) FILTER (WHERE robots.person IS NULL),
    count(answered.id) FILTER (WHERE robots.person IS NULL), count(*) FILTER (WHERE answered.clicked AND robots.person IS NULL)
FROM shown
    JOIN recommender_arm AS arm ON arm.experiment_id = %(experiment)s AND shown.variant = %(key)s || ':' || arm.letter
    LEFT JOIN answered ON answered.id = shown.id
    LEFT JOIN robots ON robots.person = shown.person
GROUP BY 1, 2, 3
ON CONFLICT (arm_id, day, situation) DO UPDATE
SET slates = excluded.slates, seen = excluded.seen, clicked = excluded.clicked
"""


def tick() -> None:
    """Let every bandit learn that runs, or ended a while ago, and tell what changed; one process at a time."""
    lately = Q(ended_at__gte=clock.now() - ANSWERED_WITHIN - LAST_LOOKS)
    found = Experiment.objects.filter(Q(status=Experiment.Status.RUNNING) | lately, method__in=BANDITS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('pushcart bandits'))")
        if not cursor.fetchone()[0]:
            return
        for experiment in found.prefetch_related("arms"):
            learn(experiment)
        if found:
            transaction.on_commit(running.announce)


def learn(experiment: Experiment) -> None:
    """Bring an experiment's sums and beliefs up to date."""
    _sum_up(experiment)
    experiment.state = beliefs(experiment)
    Experiment.objects.filter(pk=experiment.pk).update(state=experiment.state)


def _sum_up(experiment: Experiment) -> None:
    """Recompute the last days; before them every click has come."""
    now = clock.now()
    first = _first_day(experiment, now)
    values: dict[str, Any] = {
        "zone": settings.SHOP_TIME_ZONE,
        "experiment": experiment.pk,
        "key": experiment.key,
        "variants": variants(experiment),
        "since": first,
        "until": now - ANSWERED_WITHIN,
        "within": ANSWERED_WITHIN,
        "low": lowest_id(first - timedelta(days=1)),
        **outcomes.SIGNS,
    }
    with outcomes.joining() as cursor:
        cursor.execute(_SUMS, values)


def _first_day(experiment: Experiment, now: datetime) -> datetime:
    """Since when sums are made anew; of those that nobody remembers any more none."""
    summed = ArmDay.objects.filter(arm__experiment=experiment).aggregate(newest=Max("day"))["newest"]
    begun = day_of(experiment.started_at or now)
    return max(unsettled_since(summed or begun), start_of_day(day_of(now - REMEMBERED)))


def beliefs(experiment: Experiment) -> dict[str, Any]:
    """What is believed of each arm, and the shares that follow: of all slates, and by situation where the method looks at it.

    The floor is mixed in, so that every arm keeps being tried and every propensity is above zero.
    """
    arms = list(experiment.arms.all())
    seen, clicked = _sums(experiment)
    shares = bandits.best_of_betas(
        clicked.sum(axis=1).astype(int).tolist(), (seen - clicked).sum(axis=1).astype(int).tolist()
    )
    state: dict[str, Any] = {
        "at": clock.now().isoformat(),
        "arms": {
            arm.letter: {"seen": int(seen[index].sum()), "clicked": int(clicked[index].sum())}
            for index, arm in enumerate(arms)
        },
        "best": shares.tolist(),
        "shares": bandits.floored(shares, experiment.floor).tolist(),
    }
    if experiment.method in BY_SITUATION:
        model = bandits.linear(X, seen, clicked)
        chosen = {name: _in_situation(experiment, model, x) for name, x in zip(ALL, X, strict=True)}
        state["by_situation"] = {
            name: bandits.floored(each, experiment.floor).tolist() for name, each in chosen.items()
        }
        state["rates"] = {
            arm.letter: dict(zip(ALL, np.round(model.rate + X @ model.weights[index], 5).tolist(), strict=True))
            for index, arm in enumerate(arms)
        }
        # What is drawn, and which arm is best, on the whole: by how often each situation came. Sums over all situations would
        # praise the arm that was drawn where people click anyway.
        weight = seen.sum(axis=0) + 1e-9
        each = np.array(list(state["by_situation"].values()))
        state["shares"] = (weight @ each / weight.sum()).tolist()
        state["best"] = bandits.thompson_by_situation(model, weight @ X / weight.sum()).tolist()
    return state


def _in_situation(experiment: Experiment, model: bandits.Linear, x: Floats) -> Floats:
    if experiment.method == Experiment.Method.LINUCB:
        return bandits.linucb(model, x)
    return bandits.thompson_by_situation(model, x)


def _sums(experiment: Experiment) -> tuple[Floats, Floats]:
    """(arms, situations) seen and clicked slates of the days that are remembered."""
    arms = {arm.pk: index for index, arm in enumerate(experiment.arms.all())}
    cells = {name: index for index, name in enumerate(ALL)}
    seen, clicked = np.zeros((2, len(arms), len(ALL)))
    kept = ArmDay.objects.filter(arm__in=list(arms), day__gte=day_of(clock.now() - REMEMBERED))
    for arm, name, shown, clicks in kept.values_list("arm", "situation", "seen", "clicked"):
        at = (arms[arm], cells.get(name, 0))
        seen[at] += shown
        clicked[at] += clicks
    return seen, clicked
