"""The frame of a mail is as high as the mail, on a desk and on a phone, and nothing in a mail runs."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from push.mailbox import storing
from tests.factories.people import make_operator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINES = "".join(
    f"<p>Line {number} of a long letter, which takes more than one line on a phone.</p>" for number in range(90)
)
MAIL = """Subject: {subject}\r
Content-Type: text/html; charset=utf-8\r
\r
<!doctype html><html><head><title>x</title></head><body onload="parent.document.title='attacked'">
<script>parent.document.title = "attacked"; document.body.innerHTML = ""</script>{lines}
<img src="data:," onerror="parent.document.title='attacked'"><p id="end">The end</p></body></html>"""


@pytest.fixture
def mails(settings):
    settings.DEMO = True
    long, short = (
        storing.store(["maya@example.org"], MAIL.format(subject=subject, lines=lines).encode())[0].pk
        for subject, lines in (("Long", LINES), ("Short", ""))
    )
    return long, short


@pytest.mark.parametrize("width", [1280, 390])
def test_a_mail_is_shown_whole_and_runs_nothing(visits, mails, client, settings, width) -> None:
    client.force_login(make_operator())
    visit = visits(viewport={"width": width, "height": 800})
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    visit.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": visit.origin}])
    heights = []
    for mail in mails:
        page = visit.go(f"/en/mailbox/{mail}/")
        frame = page.locator("iframe[data-grows]")
        expect(page.locator("iframe[data-grows][style*='height']")).to_be_attached()
        inner, outer = frame.evaluate("f => [f.contentDocument.documentElement.scrollHeight, f.clientHeight]")
        assert inner <= outer <= inner + 2, (inner, outer)
        expect(page.frame_locator("iframe[data-grows]").get_by_text("The end")).to_be_visible()
        assert "attacked" not in page.title()
        heights.append(outer)
    assert heights[0] > 2000 > 400 > heights[1], heights
    if width > 1000:
        page = visit.go(f"/en/mailbox/{mails[0]}/?as=phone")
        expect(page.locator("iframe[data-grows][style*='height']")).to_be_attached()
        assert page.locator("iframe[data-grows]").evaluate("f => f.clientHeight") > heights[0], "a narrow one is higher"
