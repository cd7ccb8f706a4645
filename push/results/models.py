"""What an order is put down to."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from push.delivery.models import Message
from shop import clock
from shop.orders.models import Order


class Attribution(models.Model):
    """The last touch of an order within the windows: a message or a slate. At most one row an order, none without a touch."""

    class Touch(models.TextChoices):
        MESSAGE = "message", _("Click in a message")
        SLATE = "slate", _("Click on a recommendation")

    order = models.OneToOneField(Order, on_delete=models.CASCADE, primary_key=True, related_name="attribution")
    touch = models.CharField(max_length=8, choices=Touch)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="attributions")
    slate_id = models.UUIDField(null=True, db_index=True)
    channel = models.CharField(max_length=16, blank=True)
    touched_at = models.DateTimeField()
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("attribution")
        verbose_name_plural = _("attributions")

    def __str__(self) -> str:
        return f"{self.order_id}: {self.touch}"
