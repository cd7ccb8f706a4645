"""A load generator in one process: keep-alive connections on the loopback, requests prepared as octets, whole answers read."""

from __future__ import annotations

import itertools
import select
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.reporting import percentile

# A server that is silent for so long has failed.
SILENCE_SECONDS = 30.0


# What an event is answered.
TAKEN = b"202"
# An event, and the question that is asked as soon as it is taken.
Pair = tuple[bytes, bytes]


class Refused(RuntimeError):
    """An answer had another status than was asked for, or none came."""


@dataclass
class Outcome:
    """What a load came to.

    Attributes:
        seconds: from the first octet sent to the last answer.
        latencies: seconds of each answer, from when its request was due: under a given rate a late request counts its wait, too.
        lengths: octets of all bodies.
        bodies: the bodies themselves, where they were asked for.
        followed: seconds of each pair, from when its first request was due to the answer to its second.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    lengths: int = 0
    bodies: list[bytes] = field(default_factory=list)
    followed: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second, of a pair that to its second request."""
        return (len(self.latencies) + len(self.followed)) / self.seconds

    def milliseconds(self, share: float) -> float:
        """Percentile of the latencies."""
        return percentile(self.latencies, share) * 1000


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self.answer = b""
        # Of a pair: the second request, while the first is under way, and whether it is the pair's second answer that is awaited.
        self.then: bytes | None = None
        self.second = False

    def send(self, request: bytes | Pair, due: float) -> None:
        first, self.then = request if isinstance(request, tuple) else (request, None)
        self.due, self.answer, self.second = due, b"", False
        self.socket.sendall(first)

    def go_on(self) -> None:
        """Send the second request of a pair."""
        assert self.then is not None
        second, self.then, self.second, self.answer = self.then, None, True, b""
        self.socket.sendall(second)

    def read(self, status: bytes) -> int:
        """Octets of the body once the answer is whole, else -1."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise Refused("the server closed a connection")
        self.answer = self.answer + part if self.answer else part
        head = self.answer.find(b"\r\n\r\n")
        if head < 0:
            return -1
        if self.answer[9:12] != status:
            raise Refused(self.answer[:600].decode(errors="replace"))
        length = content_length(self.answer[:head])
        return length if len(self.answer) >= head + 4 + length else -1


def content_length(head: bytes) -> int:
    """``Content-Length`` of an answer's head.

    Raises:
        Refused: it has none: where such an answer ends cannot be told.
    """
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        raise Refused(f"an answer without Content-Length: {head[:300].decode(errors='replace')}")
    return int(head[at + 17 :].partition(b"\r\n")[0])


def run(
    port: int,
    requests: Iterable[bytes | Pair],
    *,
    status: bytes = b"202",
    connections: int = 16,
    rate: float = 0.0,
    keep: bool = False,
) -> Outcome:
    """Send ``requests``, one at a time on each of ``connections``.

    Args:
        requests: of a pair the second is sent when the first, an event, was taken.
        rate: requests due a second, whether or not the server keeps up; 0: each as soon as a connection is free.
        keep: whether to keep the bodies; those of pairs are kept in any case, and events have none.

    Raises:
        Refused: an answer had another status, or none came.
    """
    pending, outcome = iter(requests), Outcome()
    free = [_Connection(port) for _ in range(connections)]
    busy: dict[int, _Connection] = {}
    poll = select.epoll()
    for connection in free:
        poll.register(connection.socket.fileno(), select.EPOLLIN)
    started = time.perf_counter()
    try:
        upcoming = next(pending, None)
        for number in itertools.count():
            due = started + number / rate if rate else 0.0
            while upcoming is not None and not (free and due <= time.perf_counter()):
                # While nothing is free there is nothing to do but to wait; with a rate, until the next is due.
                _collect(poll, busy, free, outcome, status, keep, max(due - time.perf_counter(), 0.0) if free else None)
            if upcoming is None:
                break
            connection = free.pop()
            connection.send(upcoming, due or time.perf_counter())
            busy[connection.socket.fileno()] = connection
            upcoming = next(pending, None)
        while busy:
            _collect(poll, busy, free, outcome, status, keep, None)
        outcome.seconds = time.perf_counter() - started
    finally:
        for connection in [*free, *busy.values()]:
            connection.socket.close()
        poll.close()
    return outcome


def _collect(
    poll: select.epoll,
    busy: dict[int, _Connection],
    free: list[_Connection],
    outcome: Outcome,
    status: bytes,
    keep: bool,
    wait: float | None,
) -> None:
    """Take the answers that are there, waiting ``wait`` seconds for the first (None: as long as a server may be silent)."""
    ready = poll.poll(SILENCE_SECONDS if wait is None else wait)
    if not ready and wait is None:
        raise Refused(f"no answer for {SILENCE_SECONDS:.0f} seconds")
    for number, _ in ready:
        connection = busy.get(number)
        if connection is None:
            raise Refused("the server closed an idle connection")
        length = connection.read(TAKEN if connection.then else status)
        if length < 0:
            continue
        if connection.then:
            connection.go_on()
            continue
        (outcome.followed if connection.second else outcome.latencies).append(time.perf_counter() - connection.due)
        outcome.lengths += length
        if keep or connection.second:
            outcome.bodies.append(connection.answer[-length:])
        free.append(busy.pop(number))


def post(path: str, key: str, body: bytes) -> bytes:
    """A POST of ``body`` as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    return head.encode() + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def get(path: str, key: str = "") -> bytes:
    """A GET as it goes over the wire."""
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}\r\n".encode()
