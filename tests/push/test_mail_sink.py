"""The demo's mail server takes anything, keeps what is mail, and nothing of it in clear."""

from __future__ import annotations

import smtplib
import socket
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from push.content.rendering import prepare
from push.mailbox import storing
from push.mailbox.models import ReceivedMail
from push.mailbox.sink import MailSink, NotLoopback
from shop.people.encryption import email_hash
from tests.factories.messages import material, unsaved_step


@pytest.fixture
def sink(transactional_db):
    server = MailSink("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def rendered():
    step = unsaved_step(template="cart_left")
    return prepare(step.campaign, step, "email", "en").render(material())


def send(sink, raw: bytes, to: str = "maya@example.org") -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=60) as client:
        client.sendmail("hello@pushcart.example", [to], raw)


def test_a_mail_is_kept_and_read_again(sink) -> None:
    message = rendered()
    send(sink, message.raw)
    row = ReceivedMail.objects.get()
    assert row.message_id == material().message_id
    assert row.recipient_hash == email_hash("MAYA@example.org")
    parsed = storing.parse(storing.unpack(row.raw))
    assert parsed.html.rstrip("\n") == message.html.rstrip("\n")
    assert parsed.subject == row.subject == "Your cart is still here"
    assert any("/m/c/" in link for link in parsed.links)


def test_the_table_holds_nothing_in_clear(sink) -> None:
    send(sink, rendered().raw)
    with connection.cursor() as cursor:
        cursor.execute("SELECT push_receivedmail::text FROM push_receivedmail")
        [[row]] = cursor.fetchall()
    for clear in ("maya", "Maya", "cart", "example.org"):
        assert clear not in row


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 5000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"EHLO x\r\n" + b"A" * 50_000,
        b"MAIL FROM:<a@b>\r\nDATA\r\nRCPT TO:<a@b>\r\n" * 50,
        b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf a mail",
    ],
)
def test_garbage_ends_its_own_connection_only(sink, garbage) -> None:
    with socket.create_connection(("127.0.0.1", sink.port), timeout=60) as client:
        client.sendall(garbage)
    send(sink, rendered().raw)
    assert ReceivedMail.objects.count() == 1


def test_a_mail_that_is_none_is_kept_as_text(sink) -> None:
    send(sink, b"Subject: =?utf-9?q?broken\r\nContent-Type: multipart/mixed\r\n\r\nhello \xff\x00 world")
    row = ReceivedMail.objects.get()
    assert storing.unpack(row.raw).startswith(b"Subject")
    assert "hello" in storing.parse(storing.unpack(row.raw)).text + row.preview


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
def test_any_octets_are_taken_apart_without_an_error(raw) -> None:
    parsed = storing.parse(raw)
    assert "\x00" not in parsed.html + parsed.text + parsed.subject
    storing.preview(parsed)
    assert storing.unpack(storing.pack(raw)) == raw


def test_a_mail_over_the_limit_is_refused(sink) -> None:
    sink.max_octets = 10_000
    with pytest.raises(smtplib.SMTPDataError, match="552"):
        send(sink, b"Subject: x\r\n\r\n" + b"x" * 60 + b"\r\n" + (b"y" * 60 + b"\r\n") * 1000)
    assert ReceivedMail.objects.count() == 0


@pytest.mark.django_db
def test_only_the_newest_are_kept() -> None:
    for number in range(12):
        storing.store(["maya@example.org"], b"Subject: %d\r\n\r\nx" % number)
    assert storing.trim(keep=5) == 7
    assert [row.subject for row in ReceivedMail.objects.order_by("id")] == ["7", "8", "9", "10", "11"]


def test_it_listens_on_the_loopback_interface_only() -> None:
    with pytest.raises(NotLoopback):
        MailSink("0.0.0.0", 0)


def test_it_belongs_to_the_demo(settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="belongs to the demo"):
        call_command("mailsink", port=0)
