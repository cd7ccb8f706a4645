"""Table of contents: the Celery tasks of the room."""

from recommender.serving.tasks import refresh_rollups

__all__ = ["refresh_rollups"]
