"""Receipts: what was reported of a message after it was handed over."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from push.delivery.models import Message
from shop import clock


class Receipt(models.Model):
    """One report on a message, never changed. Clicks of machines are kept and told apart by ``bot_score``."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("Delivered")
        BOUNCED = "bounced", _("Bounced")
        OPENED = "opened", _("Opened")
        CLICKED = "clicked", _("Clicked")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
        COMPLAINED = "complained", _("Reported as spam")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="receipts")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField(default=clock.now)
    target = models.CharField(max_length=500, blank=True, help_text=_("Where a click led."))
    visitor_id = models.CharField(max_length=64, blank=True, help_text=_("The browser, where it had consented."))
    bot_score = models.FloatField(default=0.0, help_text=_("0: a human, 1: a machine; reports count below 0.5."))
    bot_signs = models.CharField(max_length=120, blank=True, help_text=_("What the score was made of."))
    provider_event_id = models.CharField(
        max_length=128, blank=True, help_text=_("The same event twice is one receipt.")
    )
    simulated = models.BooleanField(default=False)
    raw = models.JSONField(default=dict, blank=True, help_text=_("The provider's report, without addresses."))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "provider_event_id"],
                condition=~models.Q(provider_event_id=""),
                name="receipt_once",
            ),
        ]
        indexes = [
            models.Index(fields=["message", "kind", "at"], name="receipt_of_message"),
            models.Index(fields=["at"], condition=models.Q(kind="complained"), name="receipt_complaints"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"
