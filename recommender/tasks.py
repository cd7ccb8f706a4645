"""Table of contents: the Celery tasks of the room."""

from recommender.experiments.tasks import learn_from_clicks, refresh_experiments
from recommender.known.tasks import collect_newcomers, collect_sessions
from recommender.slates.tasks import count_impressions, refresh_rollups
from recommender.training.tasks import train, train_when_due

__all__ = [
    "collect_newcomers",
    "collect_sessions",
    "count_impressions",
    "learn_from_clicks",
    "refresh_experiments",
    "refresh_rollups",
    "train",
    "train_when_due",
]
