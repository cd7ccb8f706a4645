"""What one visitor or shopper will want next, from this visit and the history."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from recommender.slots.types.trained import Trained


class ForYou(Trained):
    """What one visitor or shopper will want next, from this visit and the history."""

    name = "for_you"
    label = gettext_noop("Picked for one shopper")
    task = "home"
    explores = True
