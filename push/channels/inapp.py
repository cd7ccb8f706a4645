"""In-app: an item in the shopper's inbox, live where a page is open."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from push.channels.base import Channel, Material, Outcome, Rendered
from push.inbox.live import announce
from push.inbox.models import InboxItem
from shop import clock
from shop.people.models import Shopper


class InAppChannel(Channel):
    """The inbox of the shop. Our own table takes the same key once, so what is uncertain is sent again."""

    name = "inapp"
    label = _("Inbox")
    idempotent = True
    disturbs = False
    silence_is_consent = True

    def address(self, shopper: Shopper) -> str | None:
        """The shopper's own id: everybody who is not erased has an inbox."""
        return shopper.pk if shopper.erased_at is None else None

    def send(self, rendered: Rendered, material: Material) -> Outcome:
        """Put the item into the inbox, once, and wake the pages that are open."""
        data = rendered.data
        InboxItem.objects.bulk_create(
            [
                InboxItem(
                    shopper_id=material.shopper_id,
                    message_id=material.message_id,
                    title=data["title"][:200],
                    body=data.get("body", ""),
                    url=data.get("url", ""),
                    picture=data.get("picture", "")[:500],
                    button=data.get("button", "")[:60],
                    created_at=clock.now(),
                )
            ],
            ignore_conflicts=True,
        )
        transaction.on_commit(lambda: announce(material.shopper_id))
        return Outcome.accepted(str(material.message_id))
