"""Experiments: the smallest ones that run."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from recommender.experiments import steering
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.steering import ArmPlan, Plan
from recommender.models import Slate
from shop import clock
from shop.events.store import StoreConsumer
from shop.events.stream import StreamEntry
from shop.events.types import encode
from tests.factories.events import an_event

CHAMPION, POPULAR = ArmPlan(), ArmPlan(kind=Arm.Kind.POPULAR)


def make_experiment(*arms: ArmPlan, started: datetime | None = None, **fields: Any) -> Experiment:
    """An experiment that runs in the slot "home" since ``started`` (default: now): the champion against what is popular."""
    plan = Plan(
        **{"key": "home-test", "title": "A test", "slot": "home", "arms": arms or (CHAMPION, POPULAR), **fields}
    )
    experiment = steering.create(plan, actor=None, reason="to know")
    steering.start(experiment, actor=None, reason="ready")
    if started:
        Experiment.objects.filter(pk=experiment.pk).update(started_at=started)
        experiment.started_at = started
    return experiment


def a_slate(variant: str, visitor: str, at: datetime | None = None, **fields: Any) -> Slate:
    """A slate as it was logged."""
    return Slate(id=uuid.uuid4(), slot="home", variant=variant, visitor_id=visitor, at=at or clock.now(), **fields)


def keep(slates, events) -> None:
    """Put slates and events into the database."""
    Slate.objects.bulk_create(slates)
    StoreConsumer().handle([StreamEntry("0-0", encode(event), "") for event in events])


def seen(slate, clicked: bool = False, **fields):
    """The events of a slate that came into view, and was clicked perhaps."""
    at = slate.at + timedelta(seconds=1)
    found = [an_event("slate_seen", at, visitor_id=slate.visitor_id, slate_id=slate.id, **fields)]
    if clicked:
        found.append(
            an_event("slate_clicked", at, visitor_id=slate.visitor_id, slate_id=slate.id, product_id="p-1", **fields)
        )
    return found


def crowd(experiment, letter: str, count: int, clicks: int, at, **fields):
    """Slates of ``count`` people, one each, of whom the first ``clicks`` click; and their events."""
    slates = [a_slate(f"{experiment.key}:{letter}", f"v-{letter}-{n:05d}", at, **fields) for n in range(count)]
    return slates, [event for n, slate in enumerate(slates) for event in seen(slate, n < clicks)]
