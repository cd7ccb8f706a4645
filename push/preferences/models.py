"""How a shopper wants to be written to, beyond yes and no: pauses and quiet hours."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock
from shop.people.models import Shopper


class ContactPreference(models.Model):
    """A shopper's own pause and quiet hours; no row: none. Consents are statements of their own (``shop.people``)."""

    shopper = models.OneToOneField(
        Shopper, on_delete=models.CASCADE, primary_key=True, related_name="contact_preference"
    )
    paused_until = models.DateTimeField(null=True, blank=True, help_text=_("Nothing but transactional before this."))
    quiet_from = models.TimeField(null=True, blank=True, help_text=_("By the shopper's clock."))
    quiet_until = models.TimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("contact preference")
        verbose_name_plural = _("contact preferences")

    def __str__(self) -> str:
        return f"preference of {self.pk}"
