"""An open inbox fills while it is looked at."""

from __future__ import annotations

import copy
import uuid

import pytest
from playwright.sync_api import expect

from push.inbox.live import announce
from push.models import InboxItem
from tests.factories.people import PASSWORD, make_shopper
from tests.standins.live import free_port, running

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


# A page says itself when its stream has told it the count for the first time.
HEARD = """const Plain = EventSource;
window.EventSource = class extends Plain {
  constructor(...given) {
    super(...given);
    this.addEventListener("count", () => { document.documentElement.dataset.heard = "1"; });
  }
};"""


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
        page.add_init_script(HEARD)
        visit.go("/en/inbox/")
        expect(page.locator("html")).to_have_attribute("data-heard", "1")
        expect(page.get_by_text("Nothing here yet")).to_be_visible()
        put(maya, "Your cart is still here")
        # Sooner than the heartbeat, with which the stream looks unasked: it was woken.
        expect(page.locator(".item", has_text="Your cart is still here")).to_be_visible(timeout=10_000)
        expect(page.locator("[data-inbox] .n")).to_have_text("1")
        page.click("[data-read] button >> text=Mark read")
        expect(page.locator("[data-inbox] .n")).to_be_hidden()
        expect(page.locator("[data-inbox-said]")).to_have_text("Nothing unread")
        assert InboxItem.objects.get().read_at is not None
        assert visit.complaints == []
