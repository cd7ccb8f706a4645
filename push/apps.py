"""Django application of the room."""

from django.apps import AppConfig


class PushConfig(AppConfig):
    """The room ``push``."""

    name = "push"
    default_auto_field = "django.db.models.BigAutoField"
