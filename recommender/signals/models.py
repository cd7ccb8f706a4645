"""Weights that an operator set."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from recommender.signals.names import BOUNDS, Signal
from shop import clock


class SignalWeight(models.Model):
    """What one kind of act weighs by the operator's word; without a value what was learnt, or else the default, counts."""

    name = models.CharField(pgettext_lazy("of a shopper", "act"), max_length=12, choices=Signal, unique=True)
    value = models.FloatField(
        _("set to"), null=True, blank=True, help_text=_("Empty: what the training learns, or the default.")
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("weight of an act")
        verbose_name_plural = _("weights of acts")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.get_name_display())

    def clean(self) -> None:
        """Refuse what would turn a signal round: liking cannot count against, nor sending back in favour."""
        low, high = BOUNDS[Signal(self.name)]
        if self.value is not None and not low <= self.value <= high:
            raise ValidationError({"value": _("Between %(low)g and %(high)g.") % {"low": low, "high": high}})
