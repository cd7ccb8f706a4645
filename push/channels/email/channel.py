"""The channel: by SMTP over a connection that stays open, or by the mail backend of the settings."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import gettext_lazy as _

from push.channels.base import Channel, Material, Outcome, Rendered
from push.channels.email import backends
from push.channels.email.addresses import sendable
from push.channels.email.conversation import Conversation
from shop.people.encryption import email_hash
from shop.people.models import Shopper

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


class EmailChannel(Channel):
    """E-mail to the shopper's address."""

    name = "email"
    label = _("E-mail")
    hash_path = "user__email_hash"

    def __init__(self) -> None:
        self._smtp = Conversation(sender=parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
        self._other: Any = None

    def connect(self) -> None:
        """Open the connection, or see that it still answers."""
        if settings.EMAIL_BACKEND == SMTP_BACKEND:
            self._smtp.open()
        elif self._other is None:
            self._other = get_connection()
            self._other.open()

    def close(self) -> None:
        """Say goodbye; a connection that is gone is no error."""
        self._smtp.close()
        other, self._other = self._other, None
        if other is not None:
            other.close()

    def address(self, shopper: Shopper) -> str | None:
        """The address of the account, where there is one that can be sent to."""
        return sendable(shopper.user.email) if shopper.user.email else None

    def address_hash(self, address: str) -> str:
        """The hash that accounts are found by, so that any spelling of case is the same mailbox."""
        return email_hash(address)

    def send(self, rendered: Rendered, material: Material) -> Outcome:
        """Hand over one message; never raises for what the server or the network does."""
        if settings.EMAIL_BACKEND != SMTP_BACKEND:
            return backends.send(self._other or get_connection(), rendered, material)
        if rendered.raw is None:
            return Outcome.rejected("no_content", permanent=True)
        return self._smtp.send(rendered.raw, material)

    def foresee(self, material: Material | None) -> None:
        """Remember whose envelope can follow the next message in the same write."""
        self._smtp.foresee(material)
