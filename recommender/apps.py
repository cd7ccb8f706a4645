"""Django application of the room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecommenderConfig(AppConfig):
    """The room ``recommender``."""

    name = "recommender"
    verbose_name = _("Recommend")
    default_auto_field = "django.db.models.BigAutoField"
