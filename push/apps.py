"""Django application of the room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PushConfig(AppConfig):
    """The room ``push``."""

    name = "push"
    verbose_name = _("Campaigns")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear what e-mail providers report (django-anymail); say which slots campaigns show, and what
        the audit log calls campaigns and segments.
        """
        from anymail.signals import tracking

        from push.campaigns.showing import showing
        from push.tracking.provider_events import receive
        from recommender.slots.usage import ask_also
        from shop.operators.objects import by_field, namers

        tracking.connect(receive, dispatch_uid="push.tracking")
        ask_also(showing)
        namers["push.campaign"] = by_field("name", "push.campaign")
        namers["push.segment"] = by_field("name", "push.segment")
