"""The process's connections to Valkey."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import hiredis
import redis
import structlog
from django.conf import settings
from redis.connection import ConnectionInterface, DefaultParser

from shop import silence

# What a shopper waits for must not hang on a silent server.
CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 1.0
# Octets that are read at a time: the replies of nearly every trip.
ROOM = 1 << 16


class CannotWrite(redis.ResponseError):
    """Valkey reads, but writes nothing until somebody helps: its disk is full, or too few replicas are left."""


# redis-py tells errors by their first word, and does not know these.
DefaultParser.EXCEPTION_CLASSES |= {"MISCONF": CannotWrite, "NOREPLICAS": CannotWrite}
# What a call raises while Valkey is away, restarting or full.
AWAY = (
    *(redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError),
    *(redis.OutOfMemoryError, redis.ReadOnlyError, CannotWrite),
)

log = structlog.get_logger(__name__)

_lock = threading.Lock()
_own = threading.local()
_clients: dict[str, redis.Redis] = {}


def patience(url: str) -> dict[str, Any]:
    """Options of a connection pool: how long it waits for the server at ``url``."""
    return silence.options(url, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS)


def client() -> redis.Redis:
    """A client of ``REDIS_URL`` with one connection pool for all threads; bytes in, bytes out; one new try on a stale connection.

    Calls raise ``redis.RedisError`` when Valkey does not answer within a second.
    """
    url = settings.REDIS_URL
    found = _clients.get(url)
    if found is None:
        with _lock:
            found = _clients.setdefault(
                url,
                redis.Redis(connection_pool=redis.ConnectionPool.from_url(url, **patience(url))),
            )
    return found


def connection() -> ConnectionInterface:
    """A connection of the caller's own, not open yet.

    Not of the pool, which counts what it makes, hands out a hundred and never hears of one that went.
    """
    pool = client().connection_pool
    made: ConnectionInterface = pool.connection_class(**pool.connection_kwargs)
    return made


class Script:
    """A Lua script, run by its hash; sent whole when the server does not know it (after a restart)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run it: one round trip."""
        try:
            return _exchange(("EVALSHA", self.sha, len(keys), *keys, *arguments))[0]
        except redis.exceptions.NoScriptError:
            return _exchange(("EVAL", self.text, len(keys), *keys, *arguments))[0]


class Trip:
    """Commands that go in one round trip, where a shopper waits: the few methods of redis-py's pipeline that are needed, in a third
    of its time."""

    def __init__(self) -> None:
        self.commands: list[list[Any]] = []
        # In the order of the replies; None for a value, which comes with all others in the reply to one command.
        self._readers: list[Callable[[Any], Any] | None] = []
        self._values: list[Any] = []

    def get(self, key: str) -> None:
        """Reply: the value, or None."""
        if not self._values:
            self._values.append("MGET")
            self.commands.append(self._values)
        self._values.append(key)
        self._readers.append(None)

    def hgetall(self, key: str) -> None:
        """Reply: fields and their values; empty where there is no hash."""
        self._add(_pairs, "HGETALL", key)

    def smembers(self, key: str) -> None:
        """Reply: the members of a set."""
        self._add(_as_it_is, "SMEMBERS", key)

    def xrange(self, stream: str, *, min: bytes, max: str, count: int) -> None:
        """Reply: (id, fields) of each entry."""
        self._add(_entries, "XRANGE", stream, min, max, "COUNT", count)

    def xadd(self, stream: str, fields: dict[str, bytes], *, maxlen: int) -> None:
        """Reply: the new id; about ``maxlen`` entries are kept."""
        pairs = [part for pair in fields.items() for part in pair]
        self._add(_as_it_is, "XADD", stream, "MAXLEN", "~", maxlen, "*", *pairs)

    def _add(self, reader: Callable[[Any], Any], *command: Any) -> None:
        self.commands.append(list(command))
        self._readers.append(reader)

    def execute(self) -> list[Any]:
        """Send them and return the replies in their order.

        Raises:
            redis.RedisError: Valkey is away, or refused one of them.
        """
        if not self.commands:
            return []
        replies = _exchange(*self.commands)
        values: list[Any] = replies.pop(self.commands.index(self._values)) if self._values else []
        value, reply = iter(values), iter(replies)
        return [next(value) if reader is None else reader(next(reply)) for reader in self._readers]

    def post(self) -> None:
        """Send them and go on: nobody waits for the replies, which this thread reads in its next trip, where a refusal is logged.

        Raises:
            redis.RedisError: Valkey is away.
        """
        if self.commands:
            _post(*self.commands)


def _as_it_is(reply: Any) -> Any:
    return reply


def _pairs(reply: Any) -> dict[bytes, bytes]:
    # RESP2 answers with a list of both, RESP3 with a dictionary.
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))


def _entries(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    return [(entry, dict(zip(fields[::2], fields[1::2], strict=True))) for entry, fields in reply]


# A reply of which not all is there.
_MORE = object()


def _reader() -> hiredis.Reader:
    return hiredis.Reader(redis.InvalidResponse, DefaultParser.parse_error, notEnoughData=_MORE)


class _Line:
    """A thread's connection, and how many replies to what was posted on it nobody has read.

    It is opened by redis-py, with all that the address asks for; what goes over it then is read here, since redis-py's bookkeeping
    of each reply takes longer than the rest of a trip.
    """

    def __init__(self) -> None:
        self.pool, self.pid, self.unread = client().connection_pool, os.getpid(), 0
        self._connection: Any = connection()
        self._socket: socket.socket | None = None
        self._reader = _reader()

    def send(self, packed: bytes, *, unread: int = 0) -> None:
        """Send commands.

        Args:
            unread: how many replies nobody waits for.

        Raises:
            redis.ConnectionError: Valkey is away; redis.TimeoutError: it takes nothing.
        """
        silence.raise_while_silent()
        opened = self._socket or self._opened()
        # Counted before: whoever is broken off meanwhile must not leave a reply that is taken for another's.
        self.unread += unread
        try:
            opened.sendall(packed)
        except TimeoutError as error:
            silence.note_silence()
            raise redis.TimeoutError("Valkey takes nothing") from error
        except OSError as error:
            raise redis.ConnectionError(f"Valkey is away: {error}") from error

    def _opened(self) -> socket.socket:
        # Where giving up was broken off the former one is open still, with replies to what nobody asks any more.
        self._connection.disconnect()
        self._connection.connect()
        self._reader, self.unread = _reader(), 0
        opened: socket.socket = self._connection._sock
        self._socket = opened
        return opened

    def read(self) -> Any:
        """The next reply; a refusal is returned, not raised.

        Raises:
            redis.ConnectionError: Valkey went away, or is loading; redis.TimeoutError: it does not answer.
        """
        while (reply := self._reader.gets()) is _MORE or isinstance(reply, hiredis.PushNotification):
            if reply is _MORE:
                self._receive()
        if isinstance(reply, redis.ConnectionError):
            raise reply
        return reply

    def _receive(self) -> None:
        if self._socket is None:
            raise redis.ConnectionError("the connection to Valkey was closed")
        try:
            octets = self._socket.recv(ROOM)
        except TimeoutError as error:
            silence.note_silence()
            raise redis.TimeoutError("Valkey does not answer") from error
        except OSError as error:
            raise redis.ConnectionError(f"Valkey went away: {error}") from error
        if not octets:
            raise redis.ConnectionError("Valkey closed the connection")
        silence.note_answer()
        self._reader.feed(octets)

    def read_posted(self) -> None:
        """Replies come in the order of commands: those that nobody waited for are before all later ones."""
        while self.unread:
            reply = self.read()
            self.unread -= 1
            if isinstance(reply, redis.ResponseError):
                log.warning("posted_command_refused", error=str(reply))

    def attempt(self, act: Callable[[], Any]) -> Any:
        """Do it, once more where the connection was stale."""
        try:
            return self._connection.retry.call_with_retry(act, self.give_up)
        except BaseException:
            self.give_up()
            raise

    def give_up(self, error: Exception | None = None) -> None:
        """Connect anew when next asked: replies that nobody read would be taken for those to the next commands."""
        self._socket = None
        self._connection.disconnect()
        if self.unread:
            log.warning("posted_commands_unanswered", commands=self.unread)
        self.unread = 0


def _line() -> _Line:
    """This thread's own: taking one from the pool and giving it back costs as much as asking. A stale one is connected anew."""
    held: _Line | None = getattr(_own, "line", None)
    if held is None or held.pool is not client().connection_pool or held.pid != os.getpid():
        held = _own.line = _Line()
    return held


def _post(*commands: Sequence[Any]) -> None:
    """As :func:`_exchange`, without the replies."""
    line, packed = _line(), _packed(commands)
    line.attempt(lambda: line.send(packed, unread=len(commands)))


def _packed(commands: Sequence[Sequence[Any]]) -> bytes:
    return b"".join([hiredis.pack_command(tuple(command)) for command in commands])


def _exchange(*commands: Sequence[Any]) -> list[Any]:
    """Replies to commands sent together, past the bookkeeping of redis-py, which takes longer than the rest."""
    line, packed = _line(), _packed(commands)

    def ask() -> list[Any]:
        line.send(packed)
        line.read_posted()
        # All replies are read, or the next command would get one of ours.
        return [line.read() for _ in commands]

    replies: list[Any] = line.attempt(ask)
    for reply in replies:
        if isinstance(reply, redis.ResponseError):
            raise reply
    return replies
