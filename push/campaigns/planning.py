"""Planning: one INSERT ... SELECT makes the rows of a step, held-out shoppers' included.

Running it twice adds nothing: ON CONFLICT DO NOTHING wherever a row may be there already.
The future is a row (``scheduled_at``), found by a tick.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet, Value
from django.db.models.fields import CharField, DateTimeField

from push.audiences import compiling, holdouts
from push.audiences.buckets import bucket_sql
from push.audiences.reach import reachable
from push.campaigns.models import Campaign, Step
from push.campaigns.moments import moments, occurrences, zone
from push.delivery.keys import SQL_ID, SQL_NAME
from push.delivery.models import PlanRun
from push.triggers import TRIGGERS
from shop import clock
from shop.people.models import Shopper

LEAD = timedelta(hours=1)
# First key of the advisory lock; the second is the campaign's id.
PLANNING_LOCK = 7101

_INSERT = """
WITH source(shopper_id, run_key, since, time_zone, simulated) AS ({source}),
     moment(zone, at) AS (SELECT * FROM unnest(%s::text[], %s::timestamptz[])),
     keyed AS (
         SELECT source.*, COALESCE(source.since::timestamptz, moment.at, %s::timestamptz) + %s::interval AS at,
                {bucket} AS bucket, {global_bucket} AS global_bucket,
                sha256({name}) AS digest
         FROM source LEFT JOIN moment ON moment.zone = source.time_zone
     ),
     added AS (
         INSERT INTO push_message (
             id, campaign_id, step_id, shopper_id, channel, run_key, arm, bucket, simulated, state, planned_at,
             scheduled_at, reason, detail, attempt, provider_id, content_hash)
         SELECT {id}, %s, %s, shopper_id, %s, run_key,
                CASE WHEN global_bucket >= %s AND global_bucket < %s THEN 'global'
                     WHEN bucket >= %s AND bucket < %s THEN 'held' ELSE 'send' END,
                bucket, simulated, 'planned', %s, {scheduled}, '', '', 0, '', ''
         FROM keyed
         {conflict}
         RETURNING arm
     )
SELECT count(*) FILTER (WHERE arm = 'send'), count(*) FILTER (WHERE arm <> 'send') FROM added
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """How many rows a run of planning added."""

    planned: int = 0
    held_out: int = 0

    def __add__(self, other: Planned) -> Planned:
        return Planned(self.planned + other.planned, self.held_out + other.held_out)


def plan_due(campaign: Campaign) -> Planned:
    """Plan whatever of a running campaign is due to be planned now; safe to call at any time, from anywhere."""
    now = clock.now()
    undoable = campaign.undo_until is not None and campaign.undo_until > now
    over = campaign.ends_at is not None and campaign.ends_at <= now
    if campaign.status != Campaign.Status.RUNNING or undoable or over:
        return Planned()
    if campaign.kind == Campaign.Kind.TRIGGER:
        return _plan_trigger(campaign, now)
    if campaign.kind == Campaign.Kind.RECURRING:
        total = Planned()
        for day in occurrences(campaign, now, LEAD):
            total += plan_occurrence(campaign, run_key=day.isoformat(), at=_moments(campaign, day))
        return total
    if campaign.send_at is not None and campaign.in_shopper_zone:
        local = campaign.send_at.astimezone(zone(""))
        at = moments(campaign, local.date(), local.time(), _zones())
        return plan_occurrence(campaign, run_key="", at=at)
    return plan_occurrence(campaign, run_key="", at={"": campaign.send_at or now})


def plan_occurrence(campaign: Campaign, *, run_key: str, at: Mapping[str, datetime]) -> Planned:
    """Plan every step of one occurrence, unless it has been planned.

    Args:
        run_key: which occurrence (a day of a recurring campaign); empty for a broadcast.
        at: time zone to the UTC moment; "" is for everybody whose zone is not named.
    """
    total = Planned()
    for step in campaign.steps.all():
        with transaction.atomic():
            runs = PlanRun.objects.filter(campaign=campaign, step=step, run_key=run_key)
            if _hold(campaign) and not runs.exists():
                audience = reachable(compiling.members(campaign.segment), campaign, step)
                source = audience.order_by().values_list(
                    "id",
                    Value(run_key, output_field=CharField()),
                    Value(None, output_field=DateTimeField()),
                    "time_zone",
                    "simulated",
                )
                total += _insert(campaign, step, source, run_key=run_key, at=at, keep_empty_run=True)
    return total


def _plan_trigger(campaign: Campaign, now: datetime) -> Planned:
    trigger = TRIGGERS.get(campaign.trigger)()
    total = Planned()
    for step in campaign.steps.all():
        with transaction.atomic():
            if not _hold(campaign):
                return total
            audience = reachable(compiling.members(campaign.segment), campaign, step)
            due = trigger.due(campaign, now).filter(shopper__in=audience.order_by().values("pk"))
            total += _insert(campaign, step, due.order_by(), run_key="", at={"": now}, keep_empty_run=False)
    return total


def _insert(
    campaign: Campaign,
    step: Step,
    source: QuerySet[Any, Any],
    *,
    run_key: str,
    at: Mapping[str, datetime],
    keep_empty_run: bool,
) -> Planned:
    began = time.perf_counter()
    # The first run of an occurrence finds nothing in its way, and is a fifth faster for not looking.
    added = _add(campaign, step, source, at, conflict="") if keep_empty_run else None
    if added is None:
        added = _add(campaign, step, source, at, conflict="ON CONFLICT DO NOTHING")
    assert added is not None  # that statement has no conflict
    if added != Planned() or keep_empty_run:
        PlanRun.objects.create(
            campaign=campaign,
            step=step,
            run_key=run_key,
            planned=added.planned,
            held_out=added.held_out,
            at=clock.now(),
            seconds=time.perf_counter() - began,
        )
    return added


def _add(
    campaign: Campaign, step: Step, source: QuerySet[Any, Any], at: Mapping[str, datetime], *, conflict: str
) -> Planned | None:
    """Add the rows; None, and none is added, where one is there already and ``conflict`` does not say what then."""
    sql, parameters = _statement(campaign, step, source, at, conflict)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return Planned(*cursor.fetchone())
    except IntegrityError:
        if conflict:
            raise
        return None


def _statement(
    campaign: Campaign, step: Step, source: QuerySet[Any, Any], at: Mapping[str, datetime], conflict: str
) -> tuple[str, list[Any]]:
    source_sql, source_parameters = source.query.sql_with_params()
    name = SQL_NAME.format(campaign="%s", step="%s", channel="%s", run_key="run_key", shopper="shopper_id")
    everybody, own = holdouts.current(None), holdouts.current(campaign)
    no_holdout = campaign.transactional
    scheduled, spread = "GREATEST(at, %s)", []
    if campaign.rate_per_minute:
        # Ordered by the key: by chance, and the same for whoever plans.
        position = "(row_number() OVER (PARTITION BY at ORDER BY digest) - 1)"
        scheduled += f" + {position} * %s::interval"
        spread = [timedelta(minutes=1) / campaign.rate_per_minute]
    now = clock.now()
    sql = _INSERT.format(
        source=source_sql,
        bucket=bucket_sql("%s", "source.shopper_id"),
        global_bucket=bucket_sql("%s", "source.shopper_id"),
        name=name,
        id=SQL_ID.format(digest="digest"),
        scheduled=scheduled,
        conflict=conflict,
    )
    parameters = [
        *source_parameters,
        *[list(at), list(at.values()), at[""], step.delay],
        *[holdouts.salt_of(campaign), holdouts.salt_of(None)],
        *[str(campaign.pk), str(step.pk), step.channel],
        *[campaign.pk, step.pk, step.channel],
        *([0, 0] if everybody is None or no_holdout else [everybody.low, everybody.high]),
        *([0, 0] if own is None or no_holdout else [own.low, own.high]),
        *[now, now, *spread],
    ]
    return sql, parameters


def _hold(campaign: Campaign) -> bool:
    """One planner a campaign at a time, until the transaction ends; False if it does not run any more (paused, undone)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PLANNING_LOCK, campaign.pk])
        cursor.execute("SELECT status FROM push_campaign WHERE id = %s FOR SHARE", [campaign.pk])
        return bool(cursor.fetchone() == (Campaign.Status.RUNNING.value,))


def _moments(campaign: Campaign, day: date) -> dict[str, datetime]:
    assert campaign.at_time is not None  # or there were no occurrences
    return moments(campaign, day, campaign.at_time, _zones())


def _zones() -> list[str]:
    return list(Shopper.objects.order_by().values_list("time_zone", flat=True).distinct())
