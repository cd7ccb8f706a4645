"""What completes what lies in the cart."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from recommender.slots.types.trained import Trained


class CartComplements(Trained):
    """What completes what lies in the cart."""

    name = "cart_complements"
    label = gettext_noop("Goes with the cart")
    task = "cart"
    explores = True
