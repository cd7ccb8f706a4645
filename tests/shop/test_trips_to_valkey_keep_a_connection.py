"""Each thread keeps a connection for its round trips: no reply is taken for another's, and one that broke is made anew."""

from __future__ import annotations

import os
import threading

import pytest

from shop import silence, valkey


def told(name: str) -> bytes:
    trip = valkey.Trip()
    trip.get(name)
    (reply,) = trip.execute()
    return reply


def test_a_connection_that_the_server_closed_is_made_anew() -> None:
    valkey.client().mset({"a": "1", "b": "2"})
    assert told("a") == b"1"
    valkey.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert told("b") == b"2"


def test_what_was_asked_before_somebody_broke_off_answers_no_later_question(monkeypatch) -> None:
    valkey.client().mset({"a": "1", "b": "2"})

    def broken_off(line):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(valkey._Line, "read", broken_off)
        with pytest.raises(KeyboardInterrupt):
            told("a")
    assert told("b") == b"2"


def test_nor_where_giving_the_connection_up_was_broken_off_too(monkeypatch) -> None:
    valkey.client().mset({"a": "1", "b": "2"})
    posted("entries")

    def broken_off(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(valkey._Line, "read", broken_off)
        patched.setattr(silence.ImpatientSocketConnection, "disconnect", broken_off)
        with pytest.raises(KeyboardInterrupt):
            told("a")
    assert told("b") == b"2"


def test_a_fork_asks_over_a_connection_of_its_own() -> None:
    valkey.client().mset({"a": "1", "b": "2"})
    assert told("a") == b"1"
    child = os.fork()
    if child == 0:
        wrong = 1
        try:
            wrong = int({told("b") for _ in range(50)} != {b"2"})
        finally:
            # Whatever it raised: else this process would go on with the tests, too.
            os._exit(wrong)
    assert {told("a") for _ in range(50)} == {b"1"}
    assert os.waitpid(child, 0) == (child, 0)


def test_an_answer_larger_than_what_is_read_at_a_time_comes_whole() -> None:
    large = bytes(range(256)) * (3 * valkey.ROOM // 256)
    valkey.client().mset({"a": large, "b": "2"})
    assert told("a") == large
    assert told("b") == b"2"


def test_a_command_that_is_refused_leaves_the_connection_as_it_was() -> None:
    valkey.client().mset({"a": "1"})
    trip = valkey.Trip()
    trip.get("a")
    trip.xadd("a", {"e": b"x"}, maxlen=1)
    trip.get("a")
    with pytest.raises(valkey.redis.ResponseError, match="WRONGTYPE"):
        trip.execute()
    assert told("a") == b"1"


def test_threads_ask_at_the_same_time_and_each_gets_its_own() -> None:
    valkey.client().mset({str(number): str(number) for number in range(8)})
    wrong: list[tuple[int, bytes]] = []

    def ask(number: int) -> None:
        replies = {told(str(number)) for _ in range(100)}
        wrong.extend((number, reply) for reply in replies - {str(number).encode()})

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def posted(name: str) -> None:
    trip = valkey.Trip()
    trip.xadd(name, {"e": b"x"}, maxlen=9)
    trip.post()


def test_what_nobody_waits_for_is_done_and_its_reply_is_no_later_questions() -> None:
    valkey.client().mset({"a": "1", "b": "2"})
    posted("entries")
    posted("entries")
    assert told("a") == b"1"
    posted("entries")
    assert told("b") == b"2"
    assert valkey.client().xlen("entries") == 3


def test_a_refusal_that_nobody_waited_for_is_logged_and_fails_no_later_question(caplog) -> None:
    valkey.client().mset({"a": "1"})
    posted("a")
    assert told("a") == b"1"
    assert "posted_command_refused" in caplog.text
    assert "WRONGTYPE" in caplog.text


def test_what_was_posted_on_a_connection_that_broke_shifts_no_replies() -> None:
    valkey.client().mset({"a": "1", "b": "2"})
    for _ in range(3):
        posted("entries")
        valkey.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert told("a") == b"1"
        posted("entries")
        assert told("b") == b"2"
