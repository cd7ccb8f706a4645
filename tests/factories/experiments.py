"""Experiments: the smallest ones that run."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from recommender.experiments import steering
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.steering import ArmPlan, Plan
from recommender.models import Slate
from shop import clock

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
