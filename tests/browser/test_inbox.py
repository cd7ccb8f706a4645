"""An open inbox fills while it is looked at."""

from __future__ import annotations

import copy
import time
import uuid

import pytest

from push.inbox.live import announce
from push.models import InboxItem
from tests.factories.people import PASSWORD, make_shopper
from tests.standins.live import free_port, running

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def put(shopper, title: str) -> None:
    InboxItem.objects.create(shopper=shopper, message_id=uuid.uuid4(), title=title, url="http://localhost/en/")
    announce(shopper.pk)


def test_an_open_inbox_shows_what_comes_and_counts_with_the_server(visits, live_server, settings) -> None:
    port = free_port()
    origin = f"http://{live_server.url.split('//')[1].split(':')[0]}:{port}"
    settings.LIVE_URL = origin
    policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
    policy["DIRECTIVES"]["connect-src"].append(origin)
    settings.CONTENT_SECURITY_POLICY = policy
    maya = make_shopper("maya@example.org")
    with running(port):
        visit = visits()
        page = visit.go("/en/login/")
        page.fill("input[name=username]", "maya@example.org")
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url("**/en/")
        with page.expect_response(lambda answer: "/live/inbox" in answer.url):
            visit.go("/en/inbox/")
        assert page.is_visible("text=Nothing here yet")
        began = time.monotonic()
        put(maya, "Your cart is still here")
        page.wait_for_selector(".item >> text=Your cart is still here")
        assert time.monotonic() - began < 2
        page.wait_for_selector("[data-inbox] .n >> text=1")
        page.click("[data-read] button >> text=Mark read")
        page.wait_for_selector("[data-inbox] .n", state="hidden")
        assert page.inner_text("[data-inbox-said]") == "Nothing unread"
        assert InboxItem.objects.get().read_at is not None
        assert visit.complaints == []
