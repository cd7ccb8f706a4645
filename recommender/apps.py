"""Django application of the room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecommenderConfig(AppConfig):
    """The room ``recommender``."""

    name = "recommender"
    verbose_name = _("Recommend")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the audit log read what trainings gave as their reasons, and name slots; say which slots experiments need."""
        from recommender.experiments.dividing import dividing
        from recommender.explanations import audit_names
        from recommender.slots.usage import ask_also
        from recommender.training.naming import named
        from recommender.training.wording import in_words
        from shop.operators.objects import namers
        from shop.operators.wording import reason_readers

        ask_also(dividing)
        namers.update(audit_names.NAMERS)
        reason_readers["model"] = lambda reason: in_words(reason, named)
