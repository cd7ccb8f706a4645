"""What a worker has begun: noted in Valkey message by message, so that a killed worker leaves only what was in its hands uncertain.

A claim has a list. ``RPUSHX`` notes "this one begins" and what came of the one before, in one round trip (20 us on a socket) and
*before* the message goes out. Whoever finds the lease ended renames the list: from then on ``RPUSHX`` answers 0, and a worker that
was only slow sends nothing more of that claim. What was not begun can therefore be given to another worker.

Valkey is believed only as long as it is the same server process: rows carry the server the list was opened on, and where that is
gone, or the list is, everything that was being handed over is uncertain (docs/decisions/0024).
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import redis
import structlog
from redis.connection import ConnectionInterface

from push.channels.base import Outcome, Result
from shop import valkey

# Longer than anybody leaves a shop without a worker; after it, uncertain.
KEEP_SECONDS = 7 * 86_400
OPENED = b"opened"
_RPUSHX = b"*4\r\n$6\r\nRPUSHX\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$16\r\n%b\r\n"

log = structlog.get_logger(__name__)


class Away(Exception):
    """Valkey does not answer."""


class _Note(msgspec.Struct, array_like=True):
    """What came of the message whose key stands before it."""

    message_id: bytes
    result: str
    provider_id: str
    reason: str
    detail: str


class _Open(threading.local):
    """A connection for each thread, and the server process at its other end.

    No ``slots``: those of a ``threading.local`` are shared by all threads.
    """

    connection: ConnectionInterface | None = None
    # Of which client, in which process: a fork's would be its parent's too.
    owner: tuple[int, int] = (0, 0)
    server: int = 0


_open = _Open()


def _key(claim: uuid.UUID) -> str:
    return f"begun:{claim.hex}"


def _connect() -> ConnectionInterface:
    owner = (id(valkey.client()), os.getpid())
    if _open.connection is None or _open.owner != owner:
        connection = valkey.connection()
        connection.connect()
        connection.send_command("INFO", "server")
        _open.server = _server_of(connection.read_response())
        _open.connection, _open.owner = connection, owner
    return _open.connection


def _server_of(info: bytes) -> int:
    """The run id of a server, cut to what a bigint holds."""
    run_id = next(line for line in info.split(b"\r\n") if line.startswith(b"run_id:"))
    return int(run_id[7:22], 16)


def disconnect() -> None:
    """Close this thread's connection."""
    connection, _open.connection = _open.connection, None
    if connection is not None:
        connection.disconnect()


@dataclass(slots=True)
class Journal:
    """The list of one claim. ``server`` is None where there is none: Valkey was away when it was to be opened."""

    claim: uuid.UUID
    server: int | None
    _connection: ConnectionInterface | None = field(default=None, repr=False)

    def begin(self, message_id: uuid.UUID, former: tuple[uuid.UUID, Outcome] | None) -> bool:
        """Note that a message goes out now, and what came of the former one.

        Returns:
            False: the claim was taken away meanwhile, and nothing more of it may be sent.

        Raises:
            Away: it could not be noted; :attr:`server` is None from now on.
        """
        if self._connection is None:
            return True
        key, note = _key(self.claim).encode(), _packed(former)
        command = _RPUSHX % (len(key), key, len(note), note, message_id.bytes)
        try:
            self._connection.send_packed_command([command], check_health=False)
            return bool(self._connection.read_response())
        except redis.RedisError as error:
            self._lose(error)
            raise Away from error

    def note(self, former: tuple[uuid.UUID, Outcome]) -> None:
        """Note what came of the last message of a window; without Valkey the database has it a moment later."""
        if self._connection is not None:
            try:
                self._connection.send_command("RPUSHX", _key(self.claim), _packed(former))
                self._connection.read_response()
            except redis.RedisError as error:
                self._lose(error)

    def close(self) -> None:
        """Everything is settled: the list goes."""
        if self._connection is not None:
            try:
                self._connection.send_command("UNLINK", _key(self.claim))
                self._connection.read_response()
            except redis.RedisError as error:
                self._lose(error)

    def _lose(self, error: redis.RedisError) -> None:
        log.warning("journal_lost", reason=type(error).__name__)
        disconnect()
        self._connection = self.server = None


def opened(claim: uuid.UUID) -> Journal:
    """A journal for a claim, known to Valkey when this returns; one without a server where Valkey is away."""
    for _attempt in range(2):
        try:
            connection = _connect()
            connection.send_packed_command(
                [
                    *connection.pack_command("RPUSH", _key(claim), OPENED),
                    *connection.pack_command("EXPIRE", _key(claim), KEEP_SECONDS),
                ]
            )
            connection.read_response()
            connection.read_response()
        except redis.RedisError as error:
            # A connection that has stood idle may have been closed by the other side: once more.
            reason = error
            disconnect()
            continue
        return Journal(claim, _open.server, connection)
    log.warning("journal_not_opened", reason=type(reason).__name__)
    return Journal(claim, None)


def _packed(former: tuple[uuid.UUID, Outcome] | None) -> bytes:
    if former is None:
        return b""
    message_id, outcome = former
    return msgspec.msgpack.encode(
        _Note(message_id.bytes, outcome.result.value, outcome.provider_id, outcome.reason, outcome.detail)
    )


def take(claim: uuid.UUID, server: int) -> Mapping[uuid.UUID, Outcome | None] | None:
    """Take the list away from its worker: what was begun, with what came of it as far as that was noted.

    Returns:
        None: it is not known what was begun (the list is gone, or another server answers).

    Raises:
        Away: Valkey does not answer.
    """
    client = valkey.client()
    taken = f"{_key(claim)}:taken"
    try:
        pipe = client.pipeline(transaction=False)
        pipe.info("server")
        pipe.renamenx(_key(claim), taken)
        pipe.expire(taken, KEEP_SECONDS)
        pipe.lrange(taken, 0, -1)
        info, _renamed, _kept, entries = pipe.execute(raise_on_error=False)
    except redis.RedisError as error:
        raise Away from error
    if isinstance(info, Exception):
        raise Away from info
    if int(info["run_id"][:15], 16) != server or not entries or isinstance(entries, Exception):
        return None
    return _read(entries)


def _read(entries: list[bytes]) -> dict[uuid.UUID, Outcome | None]:
    begun: dict[uuid.UUID, Outcome | None] = {}
    for entry in entries:
        if len(entry) == 16:
            begun[uuid.UUID(bytes=entry)] = None
        elif entry and entry != OPENED:
            note = msgspec.msgpack.decode(entry, type=_Note)
            outcome = Outcome(Result(note.result), note.provider_id, note.reason, note.detail)
            begun[uuid.UUID(bytes=note.message_id)] = outcome
    return begun
