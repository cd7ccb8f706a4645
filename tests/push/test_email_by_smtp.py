"""What the mail server says, and when the connection breaks, decides what is known of a message."""

from __future__ import annotations

import email
import socket
import uuid
from email import policy

import pytest

from push.channels.base import Result
from push.channels.email import EmailChannel, sendable
from push.content.rendering import prepare
from push.mailbox.smtp_server import Reply
from tests.factories.messages import material, unsaved_step


@pytest.fixture
def rendered():
    step = unsaved_step(template="cart_left")
    return prepare(step.campaign, step, "email", "en").render(material())


@pytest.fixture
def channel(smtp):
    made = EmailChannel()
    made.connect()
    yield made
    made.close()


def test_an_accepted_message_arrives_as_it_was_rendered(smtp, channel, rendered, clock) -> None:
    outcome = channel.send(rendered, material())
    assert outcome.result is Result.ACCEPTED
    assert outcome.provider_id == "Q1"
    [envelope] = smtp.taken
    assert envelope.recipients == ["maya@example.org"]
    date, _, rest = envelope.data.partition(b"\r\n")
    assert date == b"Date: Mon, 02 Mar 2026 12:00:00 +0000"
    assert rest == rendered.raw
    message = email.message_from_bytes(envelope.data, policy=policy.default)
    assert message["message-id"] == f"<{material().message_id}@pushcart.example>"
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert message["list-unsubscribe"].startswith("<http")


def test_one_connection_serves_many_messages(smtp, channel, rendered) -> None:
    for _ in range(5):
        assert channel.send(rendered, material()).result is Result.ACCEPTED
    channel.connect()
    assert channel.send(rendered, material()).result is Result.ACCEPTED
    assert smtp.connections == 1


def test_lines_that_begin_with_a_dot_arrive_whole(smtp, channel) -> None:
    step = unsaved_step(template="cart_left", text=".one\n..two\n.\nend")
    dotted = prepare(step.campaign, step, "email", "en").render(material())
    channel.send(dotted, material())
    message = email.message_from_bytes(smtp.taken[0].data, policy=policy.default)
    assert ".one\n..two\n.\nend" in message.get_body(("plain",)).get_content().replace("\r\n", "\n")


@pytest.mark.parametrize(("code", "result"), [(550, Result.REJECTED), (450, Result.LATER), (421, Result.LATER)])
def test_a_refused_recipient_is_for_ever_or_for_now(smtp, channel, rendered, code, result) -> None:
    smtp.on_recipient = lambda address: Reply(code, f"no mailbox {address}")
    outcome = channel.send(rendered, material())
    assert outcome.result is result
    assert outcome.reason == f"smtp_{code}"
    assert "maya" not in outcome.detail
    smtp.on_recipient = lambda address: Reply(250)
    assert channel.send(rendered, material()).result is Result.ACCEPTED


@pytest.mark.parametrize(("code", "result"), [(554, Result.REJECTED), (451, Result.LATER)])
def test_a_refused_body_is_for_ever_or_for_now(smtp, channel, rendered, code, result) -> None:
    smtp.on_mail = lambda envelope: Reply(code, "no")
    assert channel.send(rendered, material()).result is result


def test_a_connection_broken_before_the_body_is_tried_again(smtp, channel, rendered) -> None:
    smtp.on_data = lambda: Reply(0)
    outcome = channel.send(rendered, material())
    assert (outcome.result, outcome.reason) == (Result.LATER, "connection_lost")
    assert smtp.taken == []


def test_a_connection_broken_after_the_body_is_uncertain(smtp, channel, rendered) -> None:
    smtp.on_mail = smtp.take_and_break_off
    outcome = channel.send(rendered, material())
    assert (outcome.result, outcome.reason) == (Result.UNCERTAIN, "connection_lost_after_data")
    assert len(smtp.taken) == 1


def test_a_server_that_does_not_answer_is_uncertain(smtp, channel, rendered, settings) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    patient = EmailChannel()
    patient.connect()
    smtp.on_mail = smtp.take_and_hang
    assert patient.send(rendered, material()).result is Result.UNCERTAIN


def test_after_a_broken_connection_the_next_message_opens_another(smtp, channel, rendered) -> None:
    smtp.on_mail = smtp.take_and_break_off
    channel.send(rendered, material())
    smtp.on_mail = smtp._take
    assert channel.send(rendered, material()).result is Result.ACCEPTED
    assert smtp.connections == 2


def send_in_a_row(channel, rendered, addresses) -> list:
    """As delivery does: each message is told of the next."""
    materials = [material(address=address, message_id=uuid.uuid4()) for address in addresses]
    outcomes = []
    for this, following in zip(materials, [*materials[1:], None], strict=True):
        channel.foresee(following)
        outcomes.append(channel.send(rendered, this))
    return outcomes


def test_the_next_envelope_goes_with_the_body_and_everybody_gets_their_own(smtp, channel, rendered) -> None:
    addresses = [f"reader{number}@example.org" for number in range(20)]
    outcomes = send_in_a_row(channel, rendered, addresses)
    assert [outcome.provider_id for outcome in outcomes] == [f"Q{number}" for number in range(1, 21)]
    assert [envelope.recipients for envelope in smtp.taken] == [[address] for address in addresses]
    assert smtp.connections == 1


def test_a_refusal_in_a_row_is_the_refused_one_s_alone(smtp, channel, rendered) -> None:
    smtp.on_recipient = lambda address: Reply(550, "no mailbox") if address.startswith("gone") else Reply(250)
    outcomes = send_in_a_row(
        channel, rendered, ["a@example.org", "gone@example.org", "gone2@example.org", "b@example.org"]
    )
    assert [outcome.reason for outcome in outcomes] == ["", "smtp_550", "smtp_550", ""]
    assert [envelope.recipients for envelope in smtp.taken] == [["a@example.org"], ["b@example.org"]]


def test_a_connection_broken_after_a_body_leaves_the_announced_one_to_be_sent(smtp, channel, rendered) -> None:
    answers = iter([smtp._take, smtp.take_and_break_off, smtp._take])
    smtp.on_mail = lambda envelope: next(answers)(envelope)
    outcomes = send_in_a_row(channel, rendered, ["a@example.org", "b@example.org", "c@example.org"])
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED, Result.UNCERTAIN, Result.ACCEPTED]
    assert len(smtp.taken) == 3


def test_what_was_announced_and_is_not_sent_leaves_nothing_behind(smtp, channel, rendered) -> None:
    channel.foresee(material(address="never@example.org", message_id=uuid.uuid4()))
    assert channel.send(rendered, material()).result is Result.ACCEPTED
    assert channel.send(rendered, material()).result is Result.ACCEPTED
    channel.foresee(material(address="never@example.org", message_id=uuid.uuid4()))
    channel.send(rendered, material())
    channel.close()
    assert [envelope.recipients for envelope in smtp.taken] == [["maya@example.org"]] * 3


def test_a_server_without_pipelining_is_asked_step_by_step(smtp, channel, rendered) -> None:
    channel.close()
    smtp.pipelining = False
    channel.connect()
    assert {outcome.result for outcome in send_in_a_row(channel, rendered, ["a@example.org", "b@example.org"])} == {
        Result.ACCEPTED
    }
    smtp.on_recipient = lambda address: Reply(550, "no")
    assert channel.send(rendered, material()).result is Result.REJECTED
    smtp.on_recipient = lambda address: Reply(250)
    assert channel.send(rendered, material()).result is Result.ACCEPTED


def test_no_server_is_not_now(smtp, settings, rendered) -> None:
    settings.EMAIL_PORT = 1
    channel = EmailChannel()
    with pytest.raises(OSError):
        channel.connect()
    assert channel.send(rendered, material()).result is Result.LATER


def test_another_mail_backend_sends_the_same_words(settings, rendered) -> None:
    from django.core import mail

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    channel = EmailChannel()
    channel.connect()
    assert channel.send(rendered, material()).result is Result.ACCEPTED
    [sent] = mail.outbox
    assert sent.subject == rendered.subject
    assert sent.alternatives[0][0] == rendered.html
    assert sent.extra_headers["List-Unsubscribe"] == rendered.headers["List-Unsubscribe"]


def test_another_server_takes_what_we_send(smtp, settings, rendered) -> None:
    """aiosmtpd has its own reading of the RFC."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message

    class Keep(Message):
        def handle_message(self, message):
            kept.append(message)

    kept: list = []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        channel = EmailChannel()
        channel.connect()
        assert channel.send(rendered, material()).result is Result.ACCEPTED
        channel.close()
    finally:
        controller.stop()
    assert kept[0]["Subject"] == "Your cart is still here"


@pytest.mark.parametrize(
    ("address", "sent_as"),
    [
        ("maya@example.org", "maya@example.org"),
        (" maya+shop@example.org ", "maya+shop@example.org"),
        ("maya@bücher.example", "maya@xn--bcher-kva.example"),
        ("maya@example.org\r\nBcc: x@example.org", None),
        ("maya@exa mple.org", None),
        ("<maya@example.org>", None),
        ("maya", None),
        ("玛雅@example.org", None),
        ("a@" + "b." * 200 + "org", None),
    ],
)
def test_only_an_address_that_can_stand_in_a_header_is_sent_to(address, sent_as) -> None:
    assert sendable(address) == sent_as
