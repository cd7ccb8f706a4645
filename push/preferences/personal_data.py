"""What messages keep about people: the parts of :mod:`shop.people.erasure` that belong to this room."""

from __future__ import annotations

from push.delivery.models import Message
from push.inbox.models import InboxItem
from push.mailbox.models import ReceivedMail
from push.preferences.models import ContactPreference
from push.tracking.models import Receipt
from shop.people.encryption import email_hash
from shop.people.erasure import Erased, Rows, rows_of
from shop.people.models import Shopper


class MessagesPart:
    """Messages and receipts stay as figures: which campaign reached how many. Who browsed where goes."""

    name = "messages"

    def export(self, shopper: Shopper) -> Rows:
        """Each message: campaign, channel, when, what became of it, what it showed."""
        fields = ("id", "campaign__name", "channel", "state", "reason", "planned_at", "decided_at", "products")
        return rows_of(Message.objects.filter(shopper=shopper).order_by("planned_at"), fields)

    def erase(self, shopper: Shopper) -> Erased:
        """Take the browsers out of the receipts; an address that is suppressed stays so, as a keyed hash."""
        receipts = Receipt.objects.filter(message__shopper=shopper)
        receipts.update(visitor_id="", raw={})
        kept = Message.objects.filter(shopper=shopper).count()
        return Erased(
            self.name, 0, kept, "how many a campaign reached is a figure of the shop; no name or address is in it"
        )


class ReceiptsPart:
    """Clicks and reports on the shopper's messages."""

    name = "receipts"

    def export(self, shopper: Shopper) -> Rows:
        """Each receipt."""
        fields = ("message_id", "kind", "at", "target")
        return rows_of(Receipt.objects.filter(message__shopper=shopper).order_by("at"), fields)

    def erase(self, shopper: Shopper) -> Erased:
        """Done with the messages."""
        kept = Receipt.objects.filter(message__shopper=shopper).count()
        return Erased(self.name, 0, kept, "clicks are counted per campaign; no browser stands in them any more")


class InboxPart:
    """The inbox."""

    name = "inbox"

    def export(self, shopper: Shopper) -> Rows:
        """Each item."""
        fields = ("id", "title", "body", "created_at", "read_at")
        return rows_of(InboxItem.objects.filter(shopper=shopper).order_by("id"), fields)

    def erase(self, shopper: Shopper) -> Erased:
        """All of it."""
        return Erased(self.name, InboxItem.objects.filter(shopper=shopper).delete()[0])


class MailboxPart:
    """Mails in the demo's mailbox."""

    name = "mailbox"

    def export(self, shopper: Shopper) -> Rows:
        """Subject and time of each mail; the mails themselves are in the mailbox."""
        rows = ReceivedMail.objects.filter(recipient_hash=email_hash(shopper.user.email)).order_by("id")
        return [
            {"subject": row.subject, "received_at": row.received_at, "octets": row.size} for row in rows.defer("raw")
        ]

    def erase(self, shopper: Shopper) -> Erased:
        """All of them."""
        rows = ReceivedMail.objects.filter(recipient_hash=email_hash(shopper.user.email))
        return Erased(self.name, rows.delete()[0] if shopper.user.email else 0)


class PreferencesPart:
    """Pause and quiet hours."""

    name = "contact_preference"

    def export(self, shopper: Shopper) -> Rows:
        """The one row."""
        fields = ("paused_until", "quiet_from", "quiet_until", "updated_at")
        return rows_of(ContactPreference.objects.filter(shopper=shopper), fields)

    def erase(self, shopper: Shopper) -> Erased:
        """It goes."""
        return Erased(self.name, ContactPreference.objects.filter(shopper=shopper).delete()[0])
