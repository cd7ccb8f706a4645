"""An open inbox shows what comes, goes on after a break, and listens to nobody else's. On the real server process."""

from __future__ import annotations

import json
import signal
import uuid
from contextlib import contextmanager

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from push.inbox import reading
from push.inbox.live import announce
from push.models import InboxItem
from tests.factories.people import make_shopper
from tests.standins.live import free_port, running


def cookie_of(user) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


@pytest.fixture
def port():
    return free_port()


def put(shopper, title: str) -> InboxItem:
    item = InboxItem.objects.create(shopper=shopper, message_id=uuid.uuid4(), title=title)
    announce(shopper.pk)
    return item


class Stream:
    """Reads events of an open connection."""

    def __init__(self, response: httpx.Response) -> None:
        self.lines = response.iter_lines()

    def next(self, kind: str) -> tuple[str, dict]:
        event, identifier = "", ""
        for line in self.lines:
            if line.startswith("event: "):
                event = line[7:]
            if line.startswith("id: "):
                identifier = line[4:]
            if line.startswith("data: ") and event == kind:
                return identifier, json.loads(line[6:])
        raise AssertionError(f"the stream ended before a {kind}")


@contextmanager
def opened(port: int, cookie: str, **headers: str):
    url = f"http://127.0.0.1:{port}/live/inbox"
    with (
        httpx.Client(timeout=10, cookies={settings.SESSION_COOKIE_NAME: cookie}) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        yield Stream(response)


@pytest.mark.django_db(transaction=True)
def test_the_live_inbox(port) -> None:
    """One process for all of it: it takes seconds to start."""
    maya, tom = make_shopper("maya@example.org"), make_shopper("tom@example.org")
    cookie = cookie_of(maya.user)
    with running(port) as process:
        # Live: sooner than the heartbeat of 15 seconds, with which a stream looks unasked. And the count from the server.
        with opened(port, cookie) as stream:
            assert stream.next("count")[1] == {"unread": 0}
            put(tom, "for Tom")
            first = put(maya, "Your cart is still here")
            number, item = stream.next("item")
            assert (int(number), item["title"]) == (first.pk, "Your cart is still here")
            assert stream.next("count")[1] == {"unread": 1}
            reading.mark_all_read(maya.pk)
            assert stream.next("count")[1] == {"unread": 0}

        # What came while nobody listened comes after Last-Event-ID, in order, once.
        missed = [put(maya, f"missed {n}") for n in range(3)]
        with opened(port, cookie, **{"Last-Event-ID": str(first.pk)}) as stream:
            assert [int(stream.next("item")[0]) for _ in missed] == [row.pk for row in missed]
            assert stream.next("count")[1] == {"unread": 3}

        # Who may listen: the shop's own origin, with a login.
        url = f"http://127.0.0.1:{port}/live/inbox"
        own = httpx.Client(cookies={settings.SESSION_COOKIE_NAME: cookie})
        assert httpx.get(url).status_code == 401
        assert own.get(url, headers={"Origin": "https://evil.example"}).status_code == 403
        with own.stream("GET", url, headers={"Origin": "http://127.0.0.1:8000"}) as response:
            assert response.headers["access-control-allow-origin"] == "http://127.0.0.1:8000"
            assert response.headers["access-control-allow-credentials"] == "true"
        own.close()

        # TERM ends open streams and the process, soon.
        with opened(port, cookie) as stream:
            stream.next("count")
            process.send_signal(signal.SIGTERM)
            for _ in stream.lines:
                pass
            process.wait(60)
