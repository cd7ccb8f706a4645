"""Ticks of slates."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="recommender.refresh_rollups")
def refresh_rollups() -> None:
    """Bring the sums of slates by slot and day up to date."""
    from recommender.slates import rollups

    rollups.refresh()
