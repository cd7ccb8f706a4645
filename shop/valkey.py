"""The process's connections to Valkey."""

from __future__ import annotations

import threading

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

# What a shopper waits for must not hang on a silent server.
CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 1.0

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
