"""E-mail: SMTP by Django's ``EMAIL_*`` settings (``EMAIL_URL``), or any other mail backend (django-anymail's) by ``EMAIL_BACKEND``.

By SMTP the ready bytes of :class:`push.content.rendering.EmailPrepared` go over one connection that stays open. What the server
said, and when the connection broke, decides the outcome:

* broken before the last octet of the message was handed to the kernel: the server cannot have it: tried again;
* broken between that and the server's answer to DATA: it may have it: uncertain.
"""

from __future__ import annotations

import re
import smtplib
import socket
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.translation import gettext_lazy as _

from push.channels.base import Channel, Material, Outcome, Rendered
from push.content import mime
from shop import clock
from shop.people.encryption import email_hash
from shop.people.models import Shopper

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_DETAIL = 200
_MAX_LINE = 8_192
_Reply = tuple[int, bytes]
# Replies that let go on: to MAIL, RCPT and DATA.
_GOOD = ((250,), (250, 251), (354,))


def sendable(address: str) -> str | None:
    """``address`` as it can stand in SMTP and in a header, or None; a domain outside ASCII becomes its IDNA form."""
    local, _at, domain = address.strip().rpartition("@")
    try:
        plain = f"{local}@{domain.encode('idna').decode('ascii')}" if domain else ""
    except UnicodeError:
        return None
    return plain if len(plain) <= 254 and _ADDRESS.fullmatch(plain) else None


class EmailChannel(Channel):
    """E-mail to the shopper's address."""

    name = "email"
    label = _("E-mail")
    hash_path = "user__email_hash"

    def __init__(self) -> None:
        self._smtp: smtplib.SMTP | None = None
        self._sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].encode("ascii")
        self._next: Material | None = None
        # The message whose envelope the server has been sent already.
        self._announced: uuid.UUID | None = None
        self._other: Any = None

    def connect(self) -> None:
        """Open the connection, or see that it still answers."""
        if settings.EMAIL_BACKEND != SMTP_BACKEND:
            if self._other is None:
                self._other = get_connection()
                self._other.open()
            return
        if self._announced is not None:
            self._drop()
        if self._smtp is not None and self._answers(self._smtp):
            return
        self.close()
        self._smtp = _open_smtp()

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
        other, self._other = self._other, None
        if other is not None:
            other.close()

    def address(self, shopper: Shopper) -> str | None:
        """The address of the account, where there is one that can be sent to."""
        return sendable(shopper.user.email) if shopper.user.email else None

    def address_hash(self, address: str) -> str:
        """The hash that accounts are found by, so that any spelling of case is the same mailbox."""
        return email_hash(address)

    def send(self, rendered: Rendered, material: Material) -> Outcome:
        """Hand over one message; never raises for what the server or the network does."""
        if settings.EMAIL_BACKEND != SMTP_BACKEND:
            return self._send_by_backend(rendered, material)
        if rendered.raw is None:
            return Outcome.rejected("no_content", permanent=True)
        if self._announced not in (None, material.message_id):
            self._drop()
        if self._smtp is None:
            try:
                self._smtp = _open_smtp()
            except (OSError, smtplib.SMTPException) as error:
                return _not_now("no_connection", error)
        return self._transact(self._smtp, rendered.raw, material)

    def foresee(self, material: Material | None) -> None:
        """Remember whose envelope can follow the next message in the same write."""
        self._next = material

    def _transact(self, smtp: smtplib.SMTP, raw: bytes, material: Material) -> Outcome:
        """One SMTP transaction (RFC 5321, 3.3)."""
        following, self._next = self._next, None
        try:
            if self._announced is None:
                replies = self._ask(smtp, material)
            else:
                self._announced, replies = None, _replies(smtp)
            if (refusal := _refused(replies)) is not None:
                self._clear(smtp, replies)
                return _refusal(*refusal, material.address)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return _not_now("connection_lost", error)
        # Lines that begin with a dot get another one (RFC 5321, 4.5.2); the headers begin with none.
        body = _date_header(int(clock.now().timestamp())) + raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        if (broken := self._write(smtp, body, following)) is not None:
            self._drop()
            return _not_now("connection_lost", broken)
        try:
            code, answer = _reply(smtp)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Outcome.uncertain("connection_lost_after_data", type(error).__name__)
        if code == 250:
            return Outcome.accepted(_provider_id(answer))
        return _refusal(code, answer, material.address)

    def _ask(self, smtp: smtplib.SMTP, material: Material) -> list[_Reply]:
        """Sender, recipient and DATA: in one write where the server takes that (RFC 2920), else until one is refused."""
        commands = self._envelope(material)
        if smtp.has_extn("pipelining"):
            smtp.send(b"".join(commands))
            return _replies(smtp)
        replies: list[_Reply] = []
        for command in commands:
            smtp.send(command)
            replies.append(_reply(smtp))
            if _refused(replies) is not None:
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

    def _clear(self, smtp: smtplib.SMTP, replies: Sequence[_Reply]) -> None:
        """After a refusal: end the body that the server waits for, or forget the envelope."""
        try:
            if replies[-1][0] == 354:
                smtp.send(b".\r\n")
                _reply(smtp)
            else:
                smtp.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        self._announced = None
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def _send_by_backend(self, rendered: Rendered, material: Material) -> Outcome:
        headers = {**rendered.headers}
        message = EmailMultiAlternatives(
            rendered.subject, rendered.text, settings.DEFAULT_FROM_EMAIL, [material.address], headers=headers
        )
        message.attach_alternative(rendered.html, "text/html")
        message.connection = self._other or get_connection()
        return _by_backend(message, material.address)


def _reply(smtp: smtplib.SMTP) -> _Reply:
    """The server's next reply; as ``smtplib`` reads it, which does ten things more."""
    if smtp.file is None:
        return smtp.getreply()
    lines: list[bytes] = []
    while True:
        line = smtp.file.readline(_MAX_LINE + 1)
        if not line.endswith(b"\n") or not line[:3].isdigit():
            raise smtplib.SMTPServerDisconnected("no reply")
        lines.append(line[4:].strip())
        if line[3:4] != b"-":
            return int(line[:3]), b"\n".join(lines)


def _replies(smtp: smtplib.SMTP) -> list[_Reply]:
    """The replies to an envelope in one write; fewer where the server has said no and left."""
    replies: list[_Reply] = []
    for _command in _GOOD:
        try:
            replies.append(_reply(smtp))
        except (OSError, smtplib.SMTPException):
            if _refused(replies) is None:
                raise
            break
    return replies


def _refused(replies: Sequence[_Reply]) -> _Reply | None:
    """The first reply to an envelope that says no."""
    return next((reply for reply, good in zip(replies, _GOOD, strict=False) if reply[0] not in good), None)


@lru_cache(maxsize=2)
def _date_header(seconds: int) -> bytes:
    return mime.header("Date", mime.date(datetime.fromtimestamp(seconds, UTC)))


def _open_smtp() -> smtplib.SMTP:
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


def _by_backend(message: EmailMultiAlternatives, address: str) -> Outcome:
    from anymail.exceptions import AnymailAPIError, AnymailError

    try:
        message.send()
    except AnymailAPIError as error:
        status = getattr(error, "status_code", None)
        if status is None:
            return Outcome.uncertain("no_answer", type(error).__name__)
        return Outcome.rejected(f"http_{status}", permanent=status < 500 and status not in (408, 429))
    except AnymailError as error:
        return Outcome.rejected("refused_by_backend", permanent=True, detail=_without_address(str(error), address))
    except OSError as error:
        return Outcome.uncertain("no_answer", type(error).__name__)
    status = getattr(message, "anymail_status", None)
    return Outcome.accepted(str(getattr(status, "message_id", "") or "")[:128])


def _refusal(code: int, answer: bytes, address: str) -> Outcome:
    """4xx and the end of the session are for now, 5xx is for ever (RFC 5321, 4.2.1)."""
    detail = _without_address(answer.decode("utf-8", "replace"), address)
    return Outcome.rejected(f"smtp_{code}", permanent=500 <= code < 600, detail=detail)


def _not_now(reason: str, error: Exception) -> Outcome:
    return Outcome.rejected(reason, permanent=False, detail=type(error).__name__)


def _without_address(words: str, address: str) -> str:
    """The server's words without the recipient, whom servers like to quote."""
    return re.sub(re.escape(address), "<recipient>", words, flags=re.IGNORECASE)[:_DETAIL]


def _provider_id(answer: bytes) -> str:
    """The queue id in "2.0.0 Ok: queued as 4F1B2", as far as the server says one."""
    match = re.search(rb"queued as ([\w.<>@-]{1,100})", answer)
    return match[1].decode("ascii") if match else ""
