"""Shoppers say how they are written to: one click, by a page with a button, or choice by choice."""

from __future__ import annotations

import email
import uuid
from datetime import time, timedelta
from email import policy

import pytest
from django.core.signing import dumps

from push.channels.base import Material, Outcome
from push.channels.email import EmailChannel
from push.content.rendering import prepare
from push.delivery.settling import settle
from push.models import ContactPreference, Message, Receipt, Suppression
from push.preferences import changing
from push.tracking.links import Kind, token
from push.tracking.receiving import Report, report
from shop.people import consents
from shop.people.models import Consent
from tests.factories.messages import make_message, make_step, material
from tests.factories.people import make_shopper


@pytest.fixture
def shopper(db, clock):
    made = make_shopper("maya@example.org")
    consents.give(made, "email", "cart", source="account")
    return made


@pytest.fixture
def message(shopper):
    return make_message(shopper)


def by_link(message, kind: Kind, page: str) -> str:
    return f"/en/{page}/{token(message.pk, kind)}/"


def test_the_header_of_a_received_mail_unsubscribes_with_one_post(client, smtp, message, shopper) -> None:
    """RFC 8058 end to end: what the mail program does with what the mail server got."""
    step = message.step
    given: Material = material(message_id=message.pk, address="maya@example.org", shopper_id=shopper.pk)
    channel = EmailChannel()
    channel.connect()
    channel.send(prepare(step.campaign, step, "email", "en").render(given), given)
    channel.close()
    received = email.message_from_bytes(smtp.taken[0].data, policy=policy.default)
    assert received["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = received["List-Unsubscribe"].strip("<>")
    path = "/" + url.split("/", 3)[3]

    enforcing = type(client)(enforce_csrf_checks=True)
    answer = enforcing.post(path, data="List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert not consents.current(shopper, "email", "cart")
    newest = Consent.objects.filter(shopper=shopper).latest("id")
    assert (newest.granted, newest.source) == (False, "unsubscribe")
    assert Receipt.objects.filter(message=message, kind="unsubscribed").count() == 1


def test_a_scanner_that_follows_the_link_unsubscribes_nobody(client, message, shopper) -> None:
    answer = client.get(f"/m/u/{token(message.pk, Kind.UNSUBSCRIBE)}", follow=True)
    assert answer.status_code == 200
    assert "Unsubscribe?" in answer.content.decode()
    assert consents.current(shopper, "email", "cart")


def test_the_button_of_the_page_unsubscribes(client, message, shopper) -> None:
    answer = client.post(by_link(message, Kind.UNSUBSCRIBE, "unsubscribe"))
    assert "You are unsubscribed" in answer.content.decode()
    assert not consents.current(shopper, "email", "cart")


def test_after_one_click_the_link_says_so_and_leads_back(client, message, shopper) -> None:
    client.post(
        f"/m/u/{token(message.pk, Kind.UNSUBSCRIBE)}", data="List-Unsubscribe=One-Click", content_type="text/plain"
    )
    for _ in range(2):  # reading changes nothing
        page = client.get(f"/m/u/{token(message.pk, Kind.UNSUBSCRIBE)}", follow=True).content.decode()
        assert "You are unsubscribed" in page
        assert "Unsubscribe?" not in page
        assert "Subscribe again" in page
        assert not consents.current(shopper, "email", "cart")
    url = by_link(message, Kind.UNSUBSCRIBE, "unsubscribe")
    for _ in range(2):
        assert "You are subscribed again" in client.post(url, {"again": "1"}).content.decode()
    assert consents.current(shopper, "email", "cart")
    newest = Consent.objects.filter(shopper=shopper).latest("id")
    assert (newest.source, newest.text_version) == ("preferences", "subscribe-again-1")
    assert Consent.objects.filter(shopper=shopper).count() == 3
    assert "Unsubscribe?" in client.get(url).content.decode()


def test_a_preview_s_link_subscribes_nobody_again(client, message, shopper) -> None:
    consents.withdraw(shopper, "email", "cart", source="unsubscribe")
    url = f"/en/unsubscribe/{token(message.pk, Kind.UNSUBSCRIBE, counted=False)}/"
    client.post(url, {"again": "1"})
    assert not consents.current(shopper, "email", "cart")


def test_unsubscribing_twice_states_it_once(client, message, shopper) -> None:
    for _ in range(2):
        client.post(f"/m/u/{token(message.pk, Kind.UNSUBSCRIBE)}")
    assert Consent.objects.filter(shopper=shopper, granted=False).count() == 1
    assert Receipt.objects.count() == 1


def test_other_topics_stay(client, message, shopper) -> None:
    consents.give(shopper, "email", "picks", source="account")
    client.post(f"/m/u/{token(message.pk, Kind.UNSUBSCRIBE)}")
    assert consents.current(shopper, "email", "picks")


def test_a_preview_s_link_unsubscribes_nobody(client, message, shopper) -> None:
    client.post(f"/m/u/{token(message.pk, Kind.UNSUBSCRIBE, counted=False)}")
    assert consents.current(shopper, "email", "cart")


def test_preferences_open_by_link_without_a_login_and_mask_the_address(client, message) -> None:
    page = client.get(f"/m/p/{token(message.pk, Kind.PREFERENCES)}", follow=True).content.decode()
    assert "m…@example.org" in page
    assert "maya@example.org" not in page


def test_preferences_without_link_or_login_ask_for_a_login(client, db) -> None:
    assert client.get("/en/preferences/").status_code == 302
    assert client.get(f"/en/preferences/{dumps('x')}/").status_code == 410


def test_only_what_changed_is_stated_anew(client, message, shopper) -> None:
    before = Consent.objects.count()
    url = by_link(message, Kind.PREFERENCES, "preferences")
    client.post(url, {"save": "1", "choice": ["email:cart", "email:marketing", "inapp:cart", "inapp:marketing"]})
    stated = list(Consent.objects.filter(shopper=shopper).order_by("id")[before:])
    assert "email:cart" not in [f"{row.channel}:{row.topic}" for row in stated]
    assert consents.current(shopper, "email", "marketing")
    assert {row.source for row in stated} == {"preferences"}
    again = Consent.objects.count()
    client.post(url, {"save": "1", "choice": ["email:cart", "email:marketing", "inapp:cart", "inapp:marketing"]})
    assert Consent.objects.count() == again


def test_a_shopper_who_is_logged_in_changes_their_own(client, shopper, message) -> None:
    client.force_login(shopper.user, backend="django.contrib.auth.backends.ModelBackend")
    client.post("/en/preferences/", {"none": "1"})
    assert not any(choice.granted for choice in changing.choices(shopper))


def test_a_pause_lasts_thirty_days(client, message, shopper, clock) -> None:
    page = client.get(f"/m/s/{token(message.pk, Kind.PAUSE)}", follow=True).content.decode()
    assert "Pause for 30 days?" in page
    assert not ContactPreference.objects.exists()
    client.post(by_link(message, Kind.PAUSE, "pause"))
    assert ContactPreference.objects.get(shopper=shopper).paused_until == clock.time + timedelta(days=30)
    client.post(by_link(message, Kind.PREFERENCES, "preferences"), {"resume": "1"})
    assert ContactPreference.objects.get(shopper=shopper).paused_until is None


def test_quiet_hours_need_both_ends(client, message, shopper) -> None:
    url = by_link(message, Kind.PREFERENCES, "preferences")
    answer = client.post(url, {"save": "1", "quiet_from": "21:00"})
    assert answer.status_code == 422
    assert "both times" in answer.content.decode()
    client.post(url, {"save": "1", "quiet_from": "21:00", "quiet_until": "08:30"})
    own = changing.preference(shopper)
    assert (own.quiet_from, own.quiet_until) == (time(21), time(8, 30))


def test_an_erased_shopper_s_links_open_nothing(client, message, shopper, clock) -> None:
    shopper.erased_at = clock.time
    shopper.save()
    assert client.get(by_link(message, Kind.PREFERENCES, "preferences")).status_code == 410


def said(message, kind, **fields) -> Receipt | None:
    return report(Report(message_id=message.pk, kind=Receipt.Kind(kind), at=message.planned_at, **fields))


def test_a_hard_bounce_suppresses_the_address_for_any_spelling(message, shopper) -> None:
    said(message, "bounced", permanent=True)
    message.refresh_from_db()
    assert message.state == "bounced"
    digest = EmailChannel().address_hash("MAYA@Example.org")
    assert Suppression.objects.get().address_hash == digest


def test_soft_bounces_suppress_after_five(shopper, clock) -> None:
    for number in range(5):
        assert not Suppression.objects.exists(), number
        bounced = make_message(shopper, make_step())
        report(Report(bounced.pk, Receipt.Kind.BOUNCED, clock.time, permanent=False, event_id=f"e{number}"))
    assert Suppression.objects.get().cause == "bounce"


def test_a_complaint_suppresses_at_once(message) -> None:
    said(message, "complained")
    assert Suppression.objects.get().cause == "complaint"


def test_the_same_report_twice_is_one_receipt(message) -> None:
    assert said(message, "delivered", event_id="abc") is not None
    assert said(message, "delivered", event_id="abc") is None
    assert Receipt.objects.count() == 1
    assert Message.objects.get(pk=message.pk).state == "delivered"


def test_a_delivery_report_settles_what_was_uncertain(shopper) -> None:
    uncertain = make_message(shopper, state="uncertain")
    said(uncertain, "delivered")
    uncertain.refresh_from_db()
    assert uncertain.state == "delivered"


@pytest.mark.parametrize("kind", ["delivered", "bounced"])
def test_a_report_that_overtakes_the_worker_s_own_answer_counts(shopper, kind) -> None:
    claim = uuid.uuid4()
    message = make_message(shopper, state="dispatching", claim=claim)
    said(message, kind)
    settle(claim, [(message, Outcome.accepted("4F1B2"))])
    message.refresh_from_db()
    assert message.state == kind


def test_a_provider_s_webhook_becomes_receipts(client, message, settings) -> None:
    """Postmark's own words, as its documentation shows them, through anymail."""
    settings.ANYMAIL = {"WEBHOOK_SECRET": "someone:secret", "POSTMARK_SERVER_TOKEN": "x"}
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    Message.objects.filter(pk=message.pk).update(provider_id="883953f4-6105-42a2-a16a-77a8eac79483-pm")
    body = {
        "RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "TypeCode": 1, "MessageID": str(message.pk),
        "Description": "The server was unable to deliver your message to maya@example.org", "Email": "maya@example.org",
        "BouncedAt": "2026-03-02T11:30:00Z", "Details": "smtp;550 no such user maya@example.org",
    }  # fmt: skip
    import base64

    auth = "Basic " + base64.b64encode(b"someone:secret").decode()
    answer = client.post(
        "/anymail/postmark/tracking/", data=body, content_type="application/json", HTTP_AUTHORIZATION=auth
    )
    assert answer.status_code == 200
    receipt = Receipt.objects.get()
    assert receipt.kind == "bounced"
    assert "maya" not in str(receipt.raw)
    assert Suppression.objects.count() == 1
    wrong = client.post("/anymail/postmark/tracking/", data=body, content_type="application/json")
    assert wrong.status_code == 400
