"""Connections to Valkey that wait for a silent server once.

After a call without an answer, its new try included, the process takes it for away for :data:`REST_SECONDS`, so that a page which
asks ten times waits once. A server that only stumbled answers the new try, as before.
"""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.retry import Retry

REST_SECONDS = 2.0
NEW_TRIES = 1

_silent_until = 0.0


class _Waits(threading.local):
    """How often this thread waited in vain since the last answer."""

    in_vain = 0


_waits = _Waits()


class _Impatient:
    """What each kind of connection gets."""

    def connect(self) -> None:
        """Open it.

        Raises:
            redis.ConnectionError: also while the server rests.
        """
        raise_while_silent()
        try:
            super().connect()  # type: ignore[misc]
        except redis.TimeoutError:
            note_silence()
            raise

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send; raises as :meth:`connect` does."""
        raise_while_silent()
        super().send_packed_command(command, check_health)  # type: ignore[misc]

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read; a server that does not answer is noted."""
        try:
            answer = super().read_response(*args, **kwargs)  # type: ignore[misc]
        except redis.TimeoutError:
            note_silence()
            raise
        note_answer()
        return answer


class ImpatientConnection(_Impatient, Connection):
    """Over TCP."""


class ImpatientTLSConnection(_Impatient, SSLConnection):
    """Over TLS."""


class ImpatientSocketConnection(_Impatient, UnixDomainSocketConnection):
    """Over a Unix socket."""


_KINDS = {"unix": ImpatientSocketConnection, "rediss": ImpatientTLSConnection}


def options(url: str, *, connect_seconds: float, answer_seconds: float) -> dict[str, Any]:
    """Options of a connection pool for ``url``: how long it waits, and one new try on a stale connection."""
    return {
        "connection_class": _KINDS.get(urlsplit(url).scheme, ImpatientConnection),
        "socket_connect_timeout": connect_seconds,
        "socket_timeout": answer_seconds,
        "retry": Retry(NoBackoff(), NEW_TRIES),
    }


def note_answer() -> None:
    """It answered this thread."""
    _waits.in_vain = 0


def note_silence() -> None:
    """This thread waited in vain; after its new try, too, the server rests."""
    global _silent_until
    _waits.in_vain += 1
    if _waits.in_vain > NEW_TRIES:
        _waits.in_vain = 0
        _silent_until = time.monotonic() + REST_SECONDS


def raise_while_silent() -> None:
    """Ask nothing of a server that rests.

    Raises:
        redis.ConnectionError: it does.
    """
    if time.monotonic() < _silent_until:
        raise redis.ConnectionError("Valkey did not answer a moment ago")


def forget() -> None:
    """Ask again at once (tests)."""
    global _silent_until
    _silent_until = 0.0
