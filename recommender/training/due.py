"""Whether everything should be trained again."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from recommender.training.lock import AlreadyTraining, end_the_killed, only_one
from recommender.training.models import TrainingRun
from recommender.training.workspace import unfinished
from shop import clock

# A training that failed is not tried again at once, unless it can go on where it was.
AFTER_FAILURE = timedelta(hours=6)


def is_due() -> bool:
    """Whether the last full training is older than ``TRAIN_EVERY_HOURS``, or there was none; never while one runs.

    A shop that nothing was trained for yet (no quick training either) is left to its operator.
    """
    every = settings.TRAIN_EVERY_HOURS
    runs = TrainingRun.objects.all()
    if _running() or not every or not runs.exists():
        return False
    full = runs.filter(quick=False, algorithm="").order_by("-started_at")
    last = full.exclude(status=TrainingRun.Status.SKIPPED).first()
    if last is None:
        return True
    if last.status == TrainingRun.Status.FAILED:
        return unfinished() or clock.now() - last.started_at > AFTER_FAILURE
    return clock.now() - last.started_at > timedelta(hours=every)


def _running() -> bool:
    """Whether somebody holds the lock of trainings; rows of killed ones, which seem to run, are told that they ended."""
    try:
        with only_one():
            end_the_killed()
            return False
    except AlreadyTraining:
        return True
