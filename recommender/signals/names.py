"""Names of the weights, their bounds and defaults."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from recommender.dataset.kinds import WEIGHTS, Kind


class Signal(models.TextChoices):
    """A kind of act, or the age at which acts count half."""

    VIEW = "view", _("Looked at")
    CLICK = "click", _("Clicked in a row")
    WISH = "wish", _("Wished for or liked")
    ADD = "add", _("Put into the cart")
    RATE = "rate", _("Rated: five stars so much, one star so much against")
    PURCHASE = "purchase", _("Bought")
    REMOVE = "remove", _("Taken out of the cart")
    RETURN = "return", _("Sent back")
    DISMISS = "dismiss", _("Not interested")
    HALF_LIFE = "half_life", _("Days after which popularity counts half")


KIND_OF = {Signal(kind.name.lower()): kind for kind in Kind}
DEFAULTS: dict[Signal, float] = {name: WEIGHTS[kind] for name, kind in KIND_OF.items()} | {Signal.HALF_LIFE: 7.0}
# What speaks for a product stays above nothing, what speaks against it at or below.
BOUNDS: dict[Signal, tuple[float, float]] = {
    name: ((0.1, 50.0) if WEIGHTS[kind] > 0 else (-50.0, 0.0)) for name, kind in KIND_OF.items()
} | {Signal.HALF_LIFE: (0.5, 730.0)}
