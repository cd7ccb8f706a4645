"""Training as a Celery task (queue ``train``)."""

from __future__ import annotations

import structlog
from celery import shared_task

log = structlog.get_logger(__name__)


@shared_task(name="recommender.train")
def train(algorithm: str | None = None) -> None:
    """Train; a second one at the same time says so and ends."""
    from recommender.dataset import NotEnoughData
    from recommender.training.run import AlreadyTraining
    from recommender.training.run import train as train_now

    try:
        run = train_now(algorithm)
    except (AlreadyTraining, NotEnoughData) as error:
        log.warning("training_not_done", reason=str(error))
    else:
        log.info("trained", run=run.pk, promoted=run.report.get("promoted"))
