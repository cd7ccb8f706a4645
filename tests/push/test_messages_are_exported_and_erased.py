"""What messages keep about a person is exported, and goes when they are erased."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from push.mailbox import storing
from push.models import InboxItem, Message, Receipt, ReceivedMail
from push.preferences import changing
from shop.people import erasure
from tests.factories.messages import make_message
from tests.factories.people import make_shopper


@pytest.mark.django_db
def test_messages_are_exported_and_erased(clock) -> None:
    maya, tom = make_shopper("maya@example.org", name="Maya Rivers"), make_shopper("tom@example.org")
    for shopper in (maya, tom):
        message = make_message(shopper)
        Receipt.objects.create(message=message, kind="clicked", target="/en/", visitor_id=f"v-{shopper.pk}")
        InboxItem.objects.create(shopper=shopper, message_id=uuid.uuid4(), title="Your cart, Maya")
        changing.pause(shopper)
        storing.store([shopper.user.email], b"Subject: Hello Maya\r\n\r\nMaya Rivers")

    exported = erasure.export(maya)
    assert {name: len(exported[name]) for name in ("messages", "receipts", "inbox", "mailbox", "contact_preference")} == {
        "messages": 1, "receipts": 1, "inbox": 1, "mailbox": 1, "contact_preference": 1,
    }  # fmt: skip

    erasure.erase(maya)
    assert not InboxItem.objects.filter(shopper_id=maya.pk).exists()
    assert [row.recipient for row in ReceivedMail.objects.all()] == ["tom@example.org"]
    assert Receipt.objects.get(message__shopper_id=maya.pk).visitor_id == ""
    assert Message.objects.filter(shopper_id=maya.pk).count() == 1
    assert changing.preference(tom).paused_until is not None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r::text FROM push_receipt r JOIN push_message m ON m.id = r.message_id WHERE m.shopper_id = %s",
            [maya.pk],
        )
        assert f"v-{maya.pk}" not in str(cursor.fetchall())
