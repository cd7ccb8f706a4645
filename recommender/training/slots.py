"""Slots: the named places where recommendations are shown."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Slot(models.TextChoices):
    """A named place where recommendations are shown; each has its own task to be judged by (recommender/evaluation/tasks.py)."""

    HOME = "home", _("Home page")
    PRODUCT = "product", _("Product page")
    CART = "cart", _("Cart")
    EMAIL = "email", _("E-mail")
