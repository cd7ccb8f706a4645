"""Signed links lead where we made them lead, clicks are counted, and machines are told from people."""

from __future__ import annotations

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.models import InboxItem, Receipt
from push.tracking import bots
from push.tracking.links import BadLink, Kind, read, signed, token
from shop.events.recording import record
from shop.events.sessions import read_session
from tests.factories.messages import make_message
from tests.factories.people import make_shopper

HUMAN = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
KEY = uuid.UUID("0192a4f0-7b1c-8abc-8def-0123456789ab")


@pytest.fixture
def message(db, clock):
    return make_message(make_shopper("maya@example.org"))


def path(message, kind=Kind.CLICK, target="/en/cart/", **options) -> str:
    return signed(message.pk, kind, target, **options).partition("//")[2].partition("/")[2].join(["/", ""])


@given(st.uuids(), st.sampled_from(Kind), st.from_regex(r"(/[a-z0-9/?=&%.-]{0,60})?", fullmatch=True))
def test_a_link_says_what_was_signed(key, kind, target) -> None:
    link = read(token(key, kind, target), kind)
    assert (link.message_id, link.kind, link.target, link.counted) == (key, kind, target, True)


@given(st.data())
def test_a_changed_link_is_refused(data) -> None:
    original = token(KEY, Kind.CLICK, "/en/cart/")
    octets = bytearray(base64.urlsafe_b64decode(original + "=" * (-len(original) % 4)))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadLink):
        read(base64.urlsafe_b64encode(bytes(octets)).rstrip(b"=").decode(), Kind.CLICK)


@given(st.text(max_size=100))
def test_anything_else_is_refused(text) -> None:
    with pytest.raises(BadLink):
        read(text, Kind.CLICK)


def test_a_link_of_one_kind_does_nothing_of_another() -> None:
    with pytest.raises(BadLink):
        read(token(KEY, Kind.CLICK, "/en/"), Kind.UNSUBSCRIBE)


@pytest.mark.parametrize(
    "target", ["//evil.example", "javascript:alert(1)", "evil.example", "/a b", "/\r\nX: y", "/家"]
)
def test_a_link_is_not_made_to_lead_elsewhere(target) -> None:
    with pytest.raises(ValueError, match="cannot lead"):
        signed(KEY, Kind.CLICK, target)


def test_a_former_key_is_accepted_as_long_as_it_is_kept(settings) -> None:
    settings.LINK_KEYS = ["old"]
    former = token(KEY, Kind.CLICK, "/en/")
    settings.LINK_KEYS = ["new", "old"]
    assert read(former, Kind.CLICK).target == "/en/"
    assert token(KEY, Kind.CLICK, "/en/") != former
    settings.LINK_KEYS = ["new"]
    with pytest.raises(BadLink):
        read(former, Kind.CLICK)


def test_a_click_leads_on_and_is_counted(client, message) -> None:
    answer = client.get(path(message), **HUMAN)
    assert (answer.status_code, answer["Location"]) == (302, "/en/cart/")
    assert "no-store" in answer["Cache-Control"]
    receipt = Receipt.objects.get()
    assert (receipt.kind, receipt.target, receipt.visitor_id) == ("clicked", "/en/cart/", "")
    assert receipt.bot_score < bots.HUMAN


def test_with_consent_the_click_is_an_event_of_the_visitor_caused_by_the_message(client, message) -> None:
    from shop.events.models import Event
    from tests.factories.events import store_all

    client.cookies["pushcart_consent"] = "yes"
    client.cookies["pushcart_visitor"] = "v-maya0001"
    client.get(path(message), **HUMAN)
    assert Receipt.objects.get().visitor_id == "v-maya0001"
    store_all()
    event = Event.objects.get(type="message_clicked")
    assert (event.visitor_id, event.shopper_id, event.caused_by) == ("v-maya0001", message.shopper_id, str(message.pk))
    assert read_session("v-maya0001").shopper_id == "", "it may have been passed on: the shopper's history stays shut"


def test_who_is_logged_in_stays_so_when_they_follow_their_own_link(client, message) -> None:
    client.cookies["pushcart_consent"] = "yes"
    client.cookies["pushcart_visitor"] = "v-maya0001"
    record("page_viewed", visitor_id="v-maya0001", shopper_id=message.shopper_id)
    client.get(path(message), **HUMAN)
    assert read_session("v-maya0001").shopper_id == message.shopper_id


@pytest.mark.parametrize(
    ("method", "headers", "sign"),
    [
        ("head", HUMAN, "head"),
        ("get", {"HTTP_USER_AGENT": "Barracuda Sentinel"}, "scanner"),
        ("get", {"HTTP_USER_AGENT": "curl/8.0"}, "scanner"),
        ("get", {}, "no_agent"),
        ("get", {**HUMAN, "HTTP_SEC_PURPOSE": "prefetch"}, "prefetch"),
    ],
)
def test_a_machine_is_led_on_and_not_counted_as_a_person(client, message, method, headers, sign) -> None:
    assert getattr(client, method)(path(message), **headers).status_code == 302
    receipt = Receipt.objects.get()
    assert receipt.bot_score >= bots.HUMAN
    assert sign in receipt.bot_signs


def test_who_opens_every_link_within_seconds_is_a_machine_from_the_first_on(client, message, clock) -> None:
    for number in range(4):
        client.get(path(message, target=f"/en/p/{number}/"), **HUMAN)
        clock.advance(seconds=1)
    assert all(receipt.bot_score >= bots.HUMAN for receipt in Receipt.objects.all())


def test_a_person_opens_four_links_in_a_minute(client, message, clock) -> None:
    for number in range(4):
        client.get(path(message, target=f"/en/p/{number}/"), **HUMAN)
        clock.advance(seconds=15)
    assert all(receipt.bot_score < bots.HUMAN for receipt in Receipt.objects.all())


def test_the_hidden_link_gives_a_machine_away(client, message, clock) -> None:
    client.get(path(message), **HUMAN)
    clock.advance(seconds=1)
    assert client.get(path(message, Kind.HIDDEN, ""), **HUMAN).status_code == 204
    clock.advance(seconds=1)
    client.get(path(message, target="/en/"), **HUMAN)
    assert [receipt.bot_score for receipt in Receipt.objects.all()] == [1.0, 1.0, 1.0]


def test_an_uncounted_link_leaves_no_trace(client, message) -> None:
    assert client.get(path(message, counted=False), **HUMAN).status_code == 302
    assert not Receipt.objects.exists()


def test_a_scanner_gone_wild_fills_no_table(client, message, monkeypatch) -> None:
    monkeypatch.setattr("push.tracking.receiving.MAX_CLICKS", 3)
    for _ in range(5):
        assert client.get(path(message), **HUMAN).status_code == 302
    assert Receipt.objects.count() == 3


def test_the_link_of_an_erased_message_still_leads_on(client, db) -> None:
    from types import SimpleNamespace

    assert client.get(path(SimpleNamespace(pk=KEY)), **HUMAN).status_code == 302


def test_a_broken_link_says_so(client, db) -> None:
    answer = client.get("/m/c/nonsense")
    assert answer.status_code == 410
    assert "does not work" in answer.content.decode()


def test_a_get_changes_nothing_but_the_record_of_the_click(client, message) -> None:
    InboxItem.objects.create(shopper=message.shopper, message_id=message.pk, title="x")
    before = (message.state, InboxItem.objects.get().read_at)
    client.get(path(message), **HUMAN)
    message.refresh_from_db()
    assert (message.state, InboxItem.objects.get().read_at) == before


def test_posting_to_a_click_link_is_refused(client, message) -> None:
    assert client.post(path(message)).status_code == 405
