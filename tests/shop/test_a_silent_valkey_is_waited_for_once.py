"""A Valkey that takes connections and never answers holds a page up once, not at every question."""

from __future__ import annotations

import socket

import pytest
import redis

from shop import silence, valkey
from shop.cache import ValkeyCache


@pytest.fixture
def silent(monkeypatch):
    """A server without a word; how many it was asked for one."""
    monkeypatch.setattr(valkey, "ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        asked = []

        def connections() -> int:
            while True:
                try:
                    asked.append(server.accept())
                except BlockingIOError:
                    return len(asked)

        yield f"redis://127.0.0.1:{server.getsockname()[1]}", connections
        for connection, _ in asked:
            connection.close()


def test_one_question_without_an_answer_makes_the_others_fail_at_once(silent, settings) -> None:
    url, connections = silent
    settings.REDIS_URL = url
    with pytest.raises(valkey.AWAY):
        valkey.client().ping()
    asked = connections()
    assert asked
    for question in (
        valkey.client().ping,
        valkey.Script("return 1").__call__,
        valkey.client().pipeline().ping().execute,
    ):
        with pytest.raises(valkey.AWAY, match="did not answer a moment ago"):
            question(*([[], []] if "Script" in str(question) else []))
    assert connections() == asked
    silence.forget()
    with pytest.raises(valkey.AWAY):
        valkey.client().ping()
    assert connections() > asked


def test_sessions_and_caches_wait_no_longer_than_the_rest(silent) -> None:
    url, connections = silent
    cache = ValkeyCache(url, {})
    with pytest.raises(redis.RedisError):
        cache.get("session")
    asked = connections()
    with pytest.raises(redis.ConnectionError, match="did not answer a moment ago"):
        cache.get("session")
    assert connections() == asked
