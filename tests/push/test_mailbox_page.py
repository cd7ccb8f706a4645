"""The mailbox of the demo shows mail as received, in a frame that can do nothing, and only where it may."""

from __future__ import annotations

import pytest

from push.content.rendering import prepare
from push.mailbox import storing
from push.models import ReceivedMail
from tests.factories.messages import make_message, material
from tests.factories.people import make_operator, make_shopper

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def maya(db):
    return make_shopper("maya@example.org")


@pytest.fixture
def mail(maya):
    message = make_message(maya)
    given = material(message_id=message.pk, address="maya@example.org")
    rendered = prepare(message.campaign, message.step, "email", "en").render(given)
    [row] = storing.store(["maya@example.org"], rendered.raw)
    return row


@pytest.fixture
def demo(settings):
    settings.DEMO, settings.DEBUG = True, True


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_mail_is_shown_as_html_text_and_headers(client, demo, mail) -> None:
    assert "Your cart is still here" in text(client.get("/en/mailbox/"))
    page = text(client.get(f"/en/mailbox/{mail.pk}/"))
    assert f'src="/en/mailbox/{mail.pk}/body/"' in page
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' in page
    assert "Cart left" in page
    assert "in your cart" in text(client.get(f"/en/mailbox/{mail.pk}/?as=text"))
    assert "List-Unsubscribe=One-Click" in text(client.get(f"/en/mailbox/{mail.pk}/?as=headers"))
    assert ReceivedMail.objects.get().read_at is not None


def test_the_frame_runs_no_script_and_loads_from_nowhere_else(client, demo, mail) -> None:
    answer = client.get(f"/en/mailbox/{mail.pk}/body/")
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-forms" not in policy
    assert "allow-top-navigation" not in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_mail_that_attacks_is_shown_and_does_nothing_to_the_page(client, demo, db) -> None:
    hostile = b"Subject: <script>alert(1)</script>\r\nContent-Type: text/plain\r\n\r\n</pre><script>alert(2)</script>"
    [row] = storing.store(["<b>@example.org"], hostile)
    for query in ("", "?as=text", "?as=headers"):
        assert "<script>alert" not in text(client.get(f"/en/mailbox/{row.pk}/{query}"))
    assert "<script>alert" not in text(client.get(f"/en/mailbox/{row.pk}/body/"))


def test_it_is_searched_by_recipient(client, demo, mail) -> None:
    storing.store(["tom@example.org"], b"Subject: For Tom\r\n\r\nx")
    page = text(client.get("/en/mailbox/?q=MAYA@example.org"))
    assert "Your cart is still here" in page
    assert "For Tom" not in page


def test_a_shopper_of_a_public_demo_sees_their_own_mail_only(client, settings, mail, maya) -> None:
    settings.DEMO, settings.DEBUG = True, False
    settings.SECURE_SSL_REDIRECT = False
    [other] = storing.store(["tom@example.org"], b"Subject: For Tom\r\n\r\nx")
    assert client.get("/en/mailbox/").status_code == 302
    client.force_login(maya.user, backend=BACKEND)
    page = text(client.get("/en/mailbox/?q=tom@example.org"))
    assert "Your cart is still here" in page
    assert "For Tom" not in page
    assert client.get(f"/en/mailbox/{other.pk}/").status_code == 404
    assert client.get(f"/en/mailbox/{other.pk}/body/").status_code == 404
    assert client.get("/en/mailbox/feed/").status_code == 404


def test_an_operator_sees_all(client, settings, mail) -> None:
    settings.DEMO, settings.DEBUG = True, False
    client.force_login(make_operator(), backend=BACKEND)
    assert "maya@example.org" in text(client.get("/en/mailbox/"))


def test_without_the_demo_there_is_no_mailbox(client, settings, mail) -> None:
    settings.DEMO = False
    for path in ("", f"{mail.pk}/", f"{mail.pk}/body/", "feed/"):
        assert client.get(f"/en/mailbox/{path}").status_code == 404


def test_the_feed_gives_simulated_readers_the_links(client, demo, mail) -> None:
    data = client.get("/en/mailbox/feed/?after=0").json()
    [fed] = data["data"]
    assert fed["subject"] == "Your cart is still here"
    assert all("/m/c/" in link for link in fed["links"])
    assert fed["links"]
    assert "/m/u/" in fed["unsubscribe"]
    assert "maya" not in fed["recipient"]
    assert client.get(f"/en/mailbox/feed/?after={data['next']}").json()["data"] == []
