"""Ticks that tell the processes that serve what is new."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="recommender.collect_sessions")
def collect_sessions() -> None:
    """Tell those who serve which sessions ended."""
    from recommender.known import fresh_sessions

    fresh_sessions.collect()


@shared_task(name="recommender.collect_newcomers")
def collect_newcomers() -> None:
    """Tell those who serve which products are new, and what they are like."""
    from recommender.known import finding_newcomers

    finding_newcomers.collect()
