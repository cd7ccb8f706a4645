"""Django application of the room."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopConfig(AppConfig):
    """The room ``shop``."""

    name = "shop"
    verbose_name = _("Shop")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the signals of logging in and out; say what the audit log calls orders and products."""
        import_module("shop.people.signals")
        from shop.catalogue.naming import product_names
        from shop.operators.objects import by_field, namers

        namers["shop.order"] = by_field("number", "shop.order")
        namers["shop.product"] = product_names
