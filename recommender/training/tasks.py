"""Training as a Celery task (queue ``train``)."""

from __future__ import annotations

import os

import structlog
from celery import shared_task

log = structlog.get_logger(__name__)


# A process that serves is more urgent than one that learns.
NICE = 15


@shared_task(name="recommender.train_when_due")
def train_when_due() -> None:
    """Queue a training of everything where the last is too old or was broken off, and after a first start, which is quick."""
    from recommender.training.due import is_due

    if is_due():
        train.delay()


@shared_task(name="recommender.train")
def train(algorithm: str | None = None) -> None:
    """Train, niced; a second one at the same time says so and ends."""
    _yield_to_others()
    from recommender.dataset import NotEnoughData
    from recommender.training.run import AlreadyTraining
    from recommender.training.run import train as train_now

    try:
        run = train_now(algorithm)
    except (AlreadyTraining, NotEnoughData) as error:
        log.warning("training_not_done", reason=str(error))
    else:
        log.info("trained", run=run.pk, promoted=run.report.get("promoted"))


def _yield_to_others() -> None:
    """Lower this process's priority to :data:`NICE`, once; the trainer's processes end with their task."""
    os.nice(max(0, NICE - os.nice(0)))
