"""What ends up in the same basket or visit as the product in view."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from recommender.slots.types.trained import Trained


class BoughtTogether(Trained):
    """What ends up in the same basket or visit as the product in view."""

    name = "bought_together"
    label = gettext_noop("Bought together")
    task = "product"
    explores = True
