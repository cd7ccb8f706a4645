"""The process's connections to Valkey."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

import hiredis
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

# What a shopper waits for must not hang on a silent server.
CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 1.0

# What a call raises while Valkey is away, restarting or full.
AWAY = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, redis.OutOfMemoryError, redis.ReadOnlyError)

_lock = threading.Lock()
_clients: dict[str, redis.Redis] = {}


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
                redis.Redis.from_url(
                    url,
                    socket_connect_timeout=CONNECT_SECONDS,
                    socket_timeout=ANSWER_SECONDS,
                    retry=Retry(NoBackoff(), 1),
                ),
            )
    return found


class Script:
    """A Lua script, run by its hash; sent whole when the server does not know it (after a restart)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run it: one round trip."""
        try:
            return _exchange(("EVALSHA", self.sha, len(keys), *keys, *arguments))
        except redis.exceptions.NoScriptError:
            return _exchange(("EVAL", self.text, len(keys), *keys, *arguments))


def _exchange(command: tuple[Any, ...]) -> Any:
    """Send one command and return its reply, past the bookkeeping of ``execute_command``, which takes longer than the rest."""
    pool = client().connection_pool
    connection = pool.get_connection()
    packed = hiredis.pack_command(command)

    def ask() -> Any:
        connection.send_packed_command([packed])
        return connection.read_response()

    try:
        return connection.retry.call_with_retry(ask, lambda error: connection.disconnect())
    finally:
        pool.release(connection)
