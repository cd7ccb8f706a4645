"""Ticks of serving."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="recommender.refresh_rollups")
def refresh_rollups() -> None:
    """Bring the sums of slates by slot and day up to date."""
    from recommender.serving import rollups

    rollups.refresh()


@shared_task(name="recommender.collect_sessions")
def collect_sessions() -> None:
    """Tell those who serve which sessions ended."""
    from recommender.serving import fresh_sessions

    fresh_sessions.collect()


@shared_task(name="recommender.collect_newcomers")
def collect_newcomers() -> None:
    """Tell those who serve which products are new, and what they are like."""
    from recommender.serving import finding_newcomers

    finding_newcomers.collect()
