"""Ticks of exploration."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="recommender.count_impressions")
def count_impressions() -> int:
    """Add what was shown to the sums of impressions."""
    from recommender.exploration import counting

    return counting.count()
