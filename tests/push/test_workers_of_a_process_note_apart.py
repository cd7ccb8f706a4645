"""Threads that dispatch at once note what they begin each over a connection of its own: no claim is told another's answer."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from push.delivery import journal
from shop import valkey


@pytest.fixture(autouse=True)
def _disconnected():
    journal.disconnect()
    yield
    journal.disconnect()


def test_a_claim_that_was_taken_away_hears_it_whoever_else_is_noting() -> None:
    told: dict[int, set[bool]] = {}
    together = threading.Barrier(4)

    def work(number: int) -> None:
        claim = uuid.uuid4()
        noted = journal.opened(claim)
        if number % 2:
            valkey.client().unlink(journal._key(claim))
        together.wait(60)
        told[number] = {noted.begin(uuid.uuid4(), None) for _ in range(100)}
        journal.disconnect()

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told == {0: {True}, 1: {False}, 2: {True}, 3: {False}}


def test_one_that_ends_closes_no_other_s_connection() -> None:
    noted = journal.opened(uuid.uuid4())
    ended = threading.Thread(target=lambda: (journal.opened(uuid.uuid4()), journal.disconnect()))
    ended.start()
    ended.join(60)
    again = journal.opened(uuid.uuid4())
    assert again._connection is noted._connection
    assert again.begin(uuid.uuid4(), None)


def test_a_worker_notes_again_however_long_valkey_was_away(settings, tmp_path) -> None:
    real = urlsplit(settings.REDIS_URL)
    settings.REDIS_URL = f"unix://{tmp_path}/valkey.sock?{real.query}"
    # Longer than a pool has connections to give.
    assert {journal.opened(uuid.uuid4()).server for _ in range(60)} == {None}
    Path(tmp_path, "valkey.sock").symlink_to(real.path)
    assert journal.opened(uuid.uuid4()).server
    assert valkey.client().ping()
