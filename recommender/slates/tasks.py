"""Ticks of slates."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="recommender.count_impressions")
def count_impressions() -> int:
    """Add what was shown to the sums of impressions."""
    from recommender.slates import impressions

    return impressions.count()


@shared_task(name="recommender.refresh_rollups")
def refresh_rollups() -> None:
    """Bring the sums of slates by slot and day up to date."""
    from recommender.slates import rollups

    rollups.refresh()
