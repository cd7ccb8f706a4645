"""The inbox of a shopper: messages that are read in the shop itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from push.delivery.models import Message
from shop import clock
from shop.people.models import Shopper


class InboxItem(models.Model):
    """One message in an inbox. Its number is also the event id of the live stream."""

    shopper = models.ForeignKey(Shopper, on_delete=models.CASCADE, related_name="inbox", db_index=False)
    message_id = models.UUIDField(unique=True, help_text=_("Id of the message: the same key twice is one item."))
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=2000, blank=True, help_text=_("A signed link."))
    picture = models.CharField(max_length=500, blank=True)
    button = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("inbox item")
        verbose_name_plural = _("inbox items")
        indexes = [
            models.Index(fields=["shopper", "-id"], name="inbox_newest"),
            models.Index(fields=["shopper"], condition=Q(read_at__isnull=True), name="inbox_unread"),
        ]

    def __str__(self) -> str:
        return f"inbox item {self.pk}"

    @property
    def message(self) -> Message | None:
        """The message it came by, as long as that is kept."""
        return Message.objects.filter(pk=self.message_id).first()
