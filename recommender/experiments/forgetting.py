"""Slates are forgotten after a time: they name visitors and shoppers, and a busy shop makes gigabytes of them.

Sums by slot, day and product are tables of their own and stay, as do the results of experiments that have ended.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min

from recommender.experiments.learning import ANSWERED_WITHIN, LAST_LOOKS
from recommender.experiments.models import Experiment
from recommender.slates.models import ShadowAnswer, Slate
from shop import clock

# What learns and what warns reads slates of four weeks.
LEAST_DAYS = 30
# At a time, each part a transaction of its own; and so many parts a tick, which leaves the rest to the next.
PART, MOST_PARTS = 5_000, 40


def forget(part: int = PART, most: int = MOST_PARTS) -> int:
    """Delete slates, and answers of shadows, that are older than ``SLATES_KEPT_DAYS``, the oldest first; returns how many.

    Those since the beginning of an experiment that runs, or has ended so lately that its last slates still count, stay.
    """
    before = _oldest_kept()
    if before is None:
        return 0
    gone = 0
    for model in (Slate, ShadowAnswer):
        old = model._default_manager.filter(at__lt=before).order_by("at")
        for _ in range(most):
            deleted, _ = model._default_manager.filter(pk__in=list(old.values_list("pk", flat=True)[:part])).delete()
            gone += deleted
            if deleted < part:
                break
    return gone


def _oldest_kept() -> datetime | None:
    """From when on slates are kept; None for ever."""
    if settings.SLATES_KEPT_DAYS <= 0:
        return None
    now = clock.now()
    before = now - timedelta(days=max(settings.SLATES_KEPT_DAYS, LEAST_DAYS))
    counting = Experiment.objects.filter(started_at__isnull=False).exclude(
        ended_at__lt=now - ANSWERED_WITHIN - LAST_LOOKS
    )
    begun: datetime | None = counting.aggregate(first=Min("started_at"))["first"]
    return min(before, begun) if begun is not None else before
