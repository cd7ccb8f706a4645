"""A small SMTP server (RFC 5321, PIPELINING of RFC 2920): the demo's mail sink, the tests' stand-in and the benchmark's sink.

It takes mail for anybody and passes it to :meth:`SMTPServer.receive`; it never sends any. Everything is bounded: lines, recipients,
octets, errors, idle time, connections.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

MAX_LINE = 2_000
MAX_ERRORS = 10
MAX_RECIPIENTS = 100
IDLE_SECONDS = 120.0


@dataclass
class Envelope:
    """One mail: who it says it is from, to whom, and its octets with dots unstuffed."""

    sender: str
    recipients: list[str]
    data: bytes = b""
    peer: str = ""
    port: int = 0


@dataclass(frozen=True)
class Reply:
    """An SMTP reply. ``code`` 0 closes the connection without a word."""

    code: int
    text: str = "OK"


class _Closed(Exception):
    """The client is gone, or is not worth listening to."""


class _Conversation:
    """Lines and bodies from a socket, and replies to it: replies to a group of commands go out together (RFC 2920, 3.2)."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._replies = bytearray()

    def say(self, octets: bytes) -> None:
        """Reply, at the latest when there is nothing more to read."""
        self._replies += octets

    def flush(self) -> None:
        """Send what has been said."""
        if self._replies:
            self._connection.sendall(self._replies)
            self._replies.clear()

    def _more(self) -> None:
        self.flush()
        chunk = self._connection.recv(65_536)
        if not chunk:
            raise _Closed
        self._buffer += chunk

    def line(self) -> bytes:
        """The next line without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_LINE:
                raise _Closed
            self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.rstrip(b"\r")

    def body(self, limit: int) -> bytes | None:
        """Octets up to the lonely dot, dots unstuffed; None when there were more than ``limit`` (all are read)."""
        searched, too_long = 0, False
        if self._buffer.startswith(b".\r\n"):
            del self._buffer[:3]
            return b""
        while (end := self._buffer.find(b"\r\n.\r\n", searched)) < 0:
            if len(self._buffer) > limit:
                too_long = True
                del self._buffer[:-4]
            searched = max(0, len(self._buffer) - 4)
            self._more()
            if searched == 0 and not too_long and self._buffer.startswith(b".\r\n"):
                del self._buffer[:3]
                return b""
        body = bytes(self._buffer[: end + 2])
        del self._buffer[: end + 5]
        if too_long or len(body) > limit:
            return None
        return body[1:].replace(b"\r\n..", b"\r\n.") if body.startswith(b"..") else body.replace(b"\r\n..", b"\r\n.")


@dataclass
class _Session:
    greeted: bool = False
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    errors: int = 0

    def forget(self) -> None:
        self.sender = None
        self.recipients = []


class _Handler(socketserver.BaseRequestHandler):
    server: SMTPServer

    def setup(self) -> None:
        """No waiting for acknowledgements between the parts of a reply: a pipelining client would crawl."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.settimeout(self.server.idle_seconds)

    def handle(self) -> None:
        """Talk to one client until it leaves."""
        talk = _Conversation(self.request)
        with contextlib.suppress(_Closed, OSError):
            if not self.server.admit():
                talk.say(_octets(Reply(421, "too many connections")))
                talk.flush()
                return
            try:
                self._converse(talk)
                talk.flush()
            finally:
                self.server.dismiss()

    def _say(self, talk: _Conversation, reply: Reply) -> None:
        if reply.code == 0:
            talk.flush()
            raise _Closed
        talk.say(_octets(reply))

    def _converse(self, talk: _Conversation) -> None:
        self._say(talk, self.server.greet())
        session = _Session()
        while True:
            verb, _, rest = talk.line().decode("utf-8", "replace").partition(" ")
            verb = verb.upper()
            if verb == "QUIT":
                self._say(talk, Reply(221, "bye"))
                return
            if verb in ("EHLO", "HELO"):
                session.greeted = True
                session.forget()
                talk.say(self._greeting(verb))
                continue
            reply = self._data(session, talk) if verb == "DATA" else self._command(session, verb, rest)
            session.errors += reply.code >= 500
            self._say(talk, reply)
            if session.errors > MAX_ERRORS:
                self._say(talk, Reply(421, "too many errors"))
                return

    def _greeting(self, verb: str) -> bytes:
        if verb == "HELO":
            return _octets(Reply(250, self.server.name))
        extensions = [f"SIZE {self.server.max_octets}", *["PIPELINING"] * self.server.pipelining]
        return "".join(f"250-{line}\r\n" for line in (self.server.name, *extensions)).encode() + b"250 8BITMIME\r\n"

    def _command(self, session: _Session, verb: str, rest: str) -> Reply:
        if verb in ("NOOP", "RSET"):
            if verb == "RSET":
                session.forget()
            return Reply(250)
        if verb == "MAIL" and session.greeted:
            return self._mail(session, rest)
        if verb == "RCPT" and session.sender is not None:
            return self._rcpt(session, rest)
        return Reply(503, "wrong order") if verb in ("MAIL", "RCPT", "DATA") else Reply(500, "unknown command")

    def _mail(self, session: _Session, rest: str) -> Reply:
        address = _path(rest, "FROM:")
        if address is None:
            return Reply(501, "MAIL FROM:<address>")
        session.forget()
        session.sender = address
        return Reply(250)

    def _rcpt(self, session: _Session, rest: str) -> Reply:
        address = _path(rest, "TO:")
        if not address:
            return Reply(501, "RCPT TO:<address>")
        if len(session.recipients) >= MAX_RECIPIENTS:
            return Reply(452, "too many recipients")
        reply = self.server.recipient(address)
        if reply.code == 250:
            session.recipients.append(address)
        return reply

    def _data(self, session: _Session, talk: _Conversation) -> Reply:
        if session.sender is None or not session.recipients:
            return Reply(503, "no recipients")
        before = self.server.before_data()
        if before.code != 354:
            return before
        self._say(talk, before)
        body = talk.body(self.server.max_octets)
        envelope = Envelope(session.sender, session.recipients, body or b"", *self.client_address[:2])
        session.forget()
        return self.server.receive(envelope) if body is not None else Reply(552, "too large")


def _octets(reply: Reply) -> bytes:
    return f"{reply.code} {reply.text}\r\n".encode()


def _path(rest: str, keyword: str) -> str | None:
    """The address in ``FROM:<address> PARAMETERS``; empty for the null path, None when it is not one."""
    if not rest.upper().startswith(keyword):
        return None
    inner, closed, _ = rest[len(keyword) :].strip().removeprefix("<").partition(">")
    return inner if closed and "<" not in inner and len(inner) <= 320 else None


class SMTPServer(ABC, socketserver.ThreadingTCPServer):
    """Listens on ``host``:``port`` (0: any free one) with a thread for each of at most ``max_connections`` clients.

    Subclasses say what becomes of a mail in :meth:`receive`; it is called in the client's thread, and the client waits.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    name = "sink.pushcart.example"
    pipelining = True

    def __init__(
        self,
        host: str,
        port: int,
        *,
        max_octets: int = 2_000_000,
        max_connections: int = 64,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.max_octets = max_octets
        self.idle_seconds = idle_seconds
        self._free = threading.BoundedSemaphore(max_connections)
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def admit(self) -> bool:
        """Whether there is room for one more client."""
        return self._free.acquire(blocking=False)

    def dismiss(self) -> None:
        """A client has left."""
        self._free.release()

    def greet(self) -> Reply:
        """What a client is greeted with."""
        return Reply(220, f"{self.name} ESMTP")

    def recipient(self, address: str) -> Reply:
        """Whether mail for ``address`` is taken: here, always."""
        return Reply(250)

    def before_data(self) -> Reply:
        """The answer to DATA: 354 lets the client send."""
        return Reply(354, "end with a line with only a dot")

    @abstractmethod
    def receive(self, envelope: Envelope) -> Reply:
        """Take a mail; the reply says what became of it."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client's trouble ends that client's connection and nothing else."""
        self.shutdown_request(request)
