"""One training at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from recommender.training.models import TrainingRun
from shop import clock

# Said of a run whose process was stopped or killed; found again by recommender/training/wording.py.
ENDED = "It was ended before it was done."


class AlreadyTraining(Exception):
    """Another process is training."""


def _told() -> str:
    """What the other one is doing, as far as its row says."""
    run = TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING).order_by("-started_at").first()
    if run is None or not run.step:
        return ""
    left = f", about {run.seconds_left:.0f} s left" if run.seconds_left else ""
    return f" ({run.step}, {100 * run.progress:.0f} %{left})"


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the advisory lock of trainings; it goes with the connection, so a killed training leaves none.

    Raises:
        AlreadyTraining: somebody else holds it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('pushcart training'))")
        if not cursor.fetchone()[0]:
            raise AlreadyTraining(f"another training is running{_told()}: see the models page, or wait for it")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('pushcart training'))")


def end_the_killed() -> None:
    """Say of runs that seem to run that they were ended. Only for whoever holds the lock: nobody else trains then."""
    TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING).update(
        status=TrainingRun.Status.FAILED,
        error=ENDED,
        ended_at=clock.now(),
        seconds_left=None,
    )
