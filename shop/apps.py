"""Django application of the room."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The room ``shop``."""

    name = "shop"
    default_auto_field = "django.db.models.BigAutoField"
