"""Django application of the room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PushConfig(AppConfig):
    """The room ``push``."""

    name = "push"
    verbose_name = _("Campaigns")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear what e-mail providers report (django-anymail); say which slots campaigns show."""
        from anymail.signals import tracking

        from push.campaigns.showing import showing
        from push.tracking.provider_events import receive
        from recommender.slots.usage import ask_also

        tracking.connect(receive, dispatch_uid="push.tracking")
        ask_also(showing)
