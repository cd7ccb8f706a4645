"""Mail received by the demo's own mail server."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock
from shop.people.encryption import EncryptedTextField


class ReceivedMail(models.Model):
    """One mail as it came in. Demo only. Whatever names a person is encrypted; the recipient is found by keyed hash."""

    message_id = models.UUIDField(null=True, db_index=True, help_text=_("Of our message, from its Message-ID."))
    recipient = EncryptedTextField(blank=True)
    recipient_hash = models.CharField(max_length=64, blank=True)
    subject = EncryptedTextField(blank=True)
    preview = EncryptedTextField(blank=True, help_text=_("First words of the text."))
    raw = EncryptedTextField(help_text=_("The mail as received: compressed, in base64, encrypted."))
    size = models.PositiveIntegerField(help_text=_("Octets as received."))
    received_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("received mail")
        verbose_name_plural = _("received mails")
        indexes = [models.Index(fields=["recipient_hash", "-id"], name="mailbox_newest")]

    def __str__(self) -> str:
        return f"mail {self.pk}"
