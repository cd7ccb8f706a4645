"""Django application of the room."""

from django.apps import AppConfig


class RecommenderConfig(AppConfig):
    """The room ``recommender``."""

    name = "recommender"
    default_auto_field = "django.db.models.BigAutoField"
