"""Wherever an answer of Valkey breaks off or stalls: whoever asks is told what they asked for, or that Valkey is away."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st

from shop import silence, valkey
from tests.standins.network import network

ECHO = valkey.Script("return ARGV[1]")
# Shorter and longer than what is read at a time.
SIZES = (1, 700, 3 * valkey.ROOM)
octets = st.one_of(st.integers(0, 80), st.integers(0, 4_000), st.integers(0, 4 * valkey.ROOM))
faults = st.lists(st.tuples(octets, st.sampled_from(["breaks", "breaks", "breaks", "stalls"])), max_size=4)
questions = st.lists(st.sampled_from(["values", "script", "post", "refused"]), min_size=1, max_size=8)
_number = count()


def value(number: int) -> bytes:
    return b"%d;" % number * SIZES[number]


def ask(question: str) -> None:
    trip = valkey.Trip()
    if question == "script":
        said = f"{next(_number)}".encode()
        assert ECHO([], [said]) == said
    elif question == "post":
        trip.xadd("entries", {"e": b"x"}, maxlen=9)
        trip.post()
    elif question == "refused":
        trip.get("0")
        trip.hgetall("1")
        with pytest.raises((valkey.redis.ResponseError, *valkey.AWAY)):
            trip.execute()
    else:
        trip.get("0")
        trip.smembers("members")
        trip.get("2")
        trip.get("1")
        assert trip.execute() == [value(0), [b"member"], value(2), value(1)]


def test_whatever_breaks_no_answer_is_taken_for_another_s(settings, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(valkey, "ANSWER_SECONDS", 0.03)
    real = urlsplit(settings.REDIS_URL)
    valkey.client().mset({str(number): value(number) for number in range(len(SIZES))})
    valkey.client().sadd("members", "member")

    answered = []
    with network(tmp_path / "valkey.sock", real.path) as between:
        settings.REDIS_URL = f"unix://{between.path}?{real.query}"

        @running(max_examples=25, deadline=None)
        @given(faults, questions)
        def holds(happens: list[tuple[int, str]], asked: list[str]) -> None:
            between.faults = list(happens)
            for question in asked:
                silence.forget()
                with suppress(valkey.AWAY):
                    ask(question)
                    answered.append(question)

        holds()
    assert answered, "each was held against what was asked, and not all of them found Valkey away"
