"""Speaking SMTP over one connection that stays open.

The ready bytes of :class:`push.content.rendering.EmailPrepared` go out as they are. What the server said, and when the connection
broke, decides the outcome:

* broken before the last octet of the message was handed to the kernel: the server cannot have it: tried again;
* broken between that and the server's answer to DATA: it may have it: uncertain.
"""

from __future__ import annotations

import smtplib
import socket
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings

from push.channels.base import Material, Outcome
from push.channels.email.replies import (
    Reply,
    first_refused,
    not_now,
    provider_id,
    read_replies,
    read_reply,
    refusal,
)
from push.content import mime
from shop import clock


class Conversation:
    """Messages of one sender, one after the other."""

    def __init__(self, sender: str) -> None:
        self._sender = sender.encode("ascii")
        self._smtp: smtplib.SMTP | None = None
        self._next: Material | None = None
        # The message whose envelope the server has been sent already.
        self._announced: uuid.UUID | None = None

    def open(self) -> None:
        """Open the connection, or see that it still answers."""
        if self._announced is not None:
            self._drop()
        if self._smtp is not None and self._answers(self._smtp):
            return
        self.close()
        self._smtp = _connected()

    @staticmethod
    def _answers(smtp: smtplib.SMTP) -> bool:
        try:
            return smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def close(self) -> None:
        """Say goodbye; a connection that is gone is no error."""
        if self._announced is not None:
            self._drop()
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()

    def foresee(self, material: Material | None) -> None:
        """Remember whose envelope can follow the next message in the same write."""
        self._next = material

    def send(self, raw: bytes, material: Material) -> Outcome:
        """Hand over one message, over a new connection where there is none."""
        if self._announced not in (None, material.message_id):
            self._drop()
        if self._smtp is None:
            try:
                self._smtp = _connected()
            except (OSError, smtplib.SMTPException) as error:
                return not_now("no_connection", error)
        return self._transact(self._smtp, raw, material)

    def _transact(self, smtp: smtplib.SMTP, raw: bytes, material: Material) -> Outcome:
        """One SMTP transaction (RFC 5321, 3.3)."""
        following, self._next = self._next, None
        try:
            if self._announced is None:
                replies = self._ask(smtp, material)
            else:
                self._announced, replies = None, read_replies(smtp)
            if (no := first_refused(replies)) is not None:
                self._clear(smtp, replies)
                return refusal(*no, material.address)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return not_now("connection_lost", error)
        # Lines that begin with a dot get another one (RFC 5321, 4.5.2); the headers begin with none.
        body = _date_header(int(clock.now().timestamp())) + raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        if (broken := self._write(smtp, body, following)) is not None:
            self._drop()
            return not_now("connection_lost", broken)
        try:
            code, answer = read_reply(smtp)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Outcome.uncertain("connection_lost_after_data", type(error).__name__)
        if code == 250:
            return Outcome.accepted(provider_id(answer))
        return refusal(code, answer, material.address)

    def _ask(self, smtp: smtplib.SMTP, material: Material) -> list[Reply]:
        """Sender, recipient and DATA: in one write where the server takes that (RFC 2920), else until one is refused."""
        commands = self._envelope(material)
        if smtp.has_extn("pipelining"):
            smtp.send(b"".join(commands))
            return read_replies(smtp)
        replies: list[Reply] = []
        for command in commands:
            smtp.send(command)
            replies.append(read_reply(smtp))
            if first_refused(replies) is not None:
                break
        return replies

    def _envelope(self, material: Material) -> list[bytes]:
        return [
            b"MAIL FROM:<%b>\r\n" % self._sender,
            b"RCPT TO:<%b>\r\n" % material.address.encode("ascii"),
            b"DATA\r\n",
        ]

    def _write(self, smtp: smtplib.SMTP, body: bytes, following: Material | None) -> Exception | None:
        """Write a body, and with it the envelope of the message after it. An error counts if the body was not all written."""
        if smtp.sock is None:
            return smtplib.SMTPServerDisconnected("not connected")
        octets = body
        if following is not None and smtp.has_extn("pipelining"):
            octets += b"".join(self._envelope(following))
            self._announced = following.message_id
        view, written = memoryview(octets), 0
        try:
            while written < len(octets):
                written += smtp.sock.send(view[written:])
        except OSError as error:
            return error if written < len(body) else None
        return None

    def _clear(self, smtp: smtplib.SMTP, replies: Sequence[Reply]) -> None:
        """After a refusal: end the body that the server waits for, or forget the envelope."""
        try:
            if replies[-1][0] == 354:
                smtp.send(b".\r\n")
                read_reply(smtp)
            else:
                smtp.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        self._announced = None
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


@lru_cache(maxsize=2)
def _date_header(seconds: int) -> bytes:
    return mime.header("Date", mime.date(datetime.fromtimestamp(seconds, UTC)))


def _connected() -> smtplib.SMTP:
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    smtp = kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT)
    try:
        smtp.ehlo_or_helo_if_needed()
        if smtp.sock is not None:
            # The end of a body must not wait for the acknowledgement of its beginning.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if settings.EMAIL_USE_TLS:
            smtp.starttls()
        if settings.EMAIL_HOST_USER:
            smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except BaseException:
        smtp.close()
        raise
    return smtp
