"""The admin site as an application."""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class PushcartAdminConfig(SimpleAdminConfig):
    """Django's admin with Pushcart's own site; config/urls.py finds its lists, for processes that show pages."""

    default_site = "config.admin.PushcartAdminSite"

    def ready(self) -> None:
        """Register the system checks and the receivers of signals."""
        from config import checks, field_names, request_ids  # noqa: F401

        field_names.translate()
        super().ready()


class ConfigConfig(AppConfig):
    """What knows every room, as an application: it brings ``manage.py doctor`` and ``manage.py simulate``."""

    name = "config"

    def ready(self) -> None:
        """Notice hosts that died."""
        from config import keepalive  # noqa: F401
