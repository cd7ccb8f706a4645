"""The inbox belongs to its shopper, takes a message once, and its count is what is unread."""

from __future__ import annotations

import uuid

import pytest

from push.channels.base import Result
from push.channels.inapp import InAppChannel
from push.content.rendering import prepare
from push.inbox import reading
from push.models import InboxItem
from tests.factories.messages import make_step, material
from tests.factories.people import make_shopper

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def maya(db, clock):
    return make_shopper("maya@example.org")


@pytest.fixture
def tom(db, clock):
    return make_shopper("tom@example.org")


def put(shopper, number: int = 1) -> InboxItem:
    return InboxItem.objects.create(shopper=shopper, message_id=uuid.uuid4(), title=f"Message {number}")


def test_a_message_is_one_item_however_often_it_is_sent(maya) -> None:
    step = make_step("inapp", template="cart_left")
    given = material(shopper_id=maya.pk, channel="inapp")
    rendered = prepare(step.campaign, step, "inapp", "en").render(given)
    channel = InAppChannel()
    assert channel.address(maya) == maya.pk
    for _ in range(2):
        assert channel.send(rendered, given).result is Result.ACCEPTED
    item = InboxItem.objects.get()
    assert item.title == "Your cart is still here"
    assert item.url.startswith("http")
    assert "/m/c/" in item.url


def test_pages_go_on_by_cursor_and_miss_nothing(maya, tom) -> None:
    items = [put(maya, number) for number in range(5)]
    put(tom)
    seen, cursor = [], ""
    while True:
        page = reading.page(maya.pk, cursor, size=2)
        seen += [item.pk for item in page.items]
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == [item.pk for item in reversed(items)]


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 40, "٣"])
def test_a_cursor_that_is_none_starts_at_the_top(maya, cursor) -> None:
    put(maya)
    assert len(reading.page(maya.pk, cursor).items) == 1


def test_nobody_reads_or_marks_another_s_items(client, maya, tom) -> None:
    item = put(maya)
    client.force_login(tom.user, backend=BACKEND)
    assert "Message 1" not in client.get("/en/inbox/").content.decode()
    assert client.post(f"/en/inbox/{item.pk}/read/").status_code == 404
    client.post("/en/inbox/read-all/")
    assert reading.unread(maya.pk) == 1


def test_marking_changes_the_count(client, maya) -> None:
    first = put(maya)
    put(maya, 2)
    client.force_login(maya.user, backend=BACKEND)
    page = client.get("/en/inbox/").content.decode()
    assert "2 unread messages" in page
    assert 'aria-label="Inbox, 2 unread"' in page
    answer = client.post(f"/en/inbox/{first.pk}/read/", HTTP_ACCEPT="application/json")
    assert answer.json() == {"unread": 1}
    assert client.get("/en/inbox/count/").json() == {"unread": 1}
    assert client.post("/en/inbox/read-all/", HTTP_ACCEPT="application/json").json() == {"unread": 0}


def test_without_a_login_there_is_no_inbox(client, db) -> None:
    assert client.get("/en/inbox/").status_code == 302
    assert client.get("/en/inbox/count/").status_code == 401


def test_a_title_is_text_not_markup(client, maya) -> None:
    InboxItem.objects.create(shopper=maya, message_id=uuid.uuid4(), title="<script>alert(1)</script>")
    client.force_login(maya.user, backend=BACKEND)
    assert "<script>alert" not in client.get("/en/inbox/").content.decode()
