"""Ticks of experiments."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="recommender.learn_from_clicks")
def learn_from_clicks() -> None:
    """Let bandits learn from slates that had time to be clicked."""
    from recommender.experiments import learning

    learning.tick()


@shared_task(name="recommender.refresh_experiments")
def refresh_experiments() -> None:
    """Compute the results of the experiments that run."""
    from recommender.experiments import results

    results.refresh_running()


@shared_task(name="recommender.forget_slates")
def forget_slates() -> int:
    """Delete slates that are kept no longer; how many."""
    from recommender.experiments import forgetting

    return forgetting.forget()
