"""Valkey is stopped and killed while threads ask: each is told what it asked for or that Valkey is away, and asks again."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from config import embedded
from shop import silence, valkey

pytestmark = pytest.mark.kill

ECHO = valkey.Script("return {ARGV[1], string.rep(ARGV[1], 20000)}")
THREADS, PATIENCE = 3, 60


class Asker(threading.Thread):
    """Asks until told to end; ``answered`` and ``refused`` are set anew by whoever waits for them."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.number, self.wrong, self.ended = number, [], False
        self.answered, self.refused = threading.Event(), threading.Event()

    def run(self) -> None:
        asked = 0
        while not self.ended:
            asked += 1
            said = f"{self.number}-{asked};".encode()
            silence.forget()
            try:
                self.post(said)
                answer = ECHO([], [said])
            except valkey.AWAY:
                self.refused.set()
                continue
            if answer != [said, said * 20_000]:
                self.wrong.append((said, answer[0]))
            self.answered.set()

    def post(self, said: bytes) -> None:
        trip = valkey.Trip()
        trip.xadd("entries", {"e": said}, maxlen=9)
        trip.post()


@pytest.fixture
def server(settings, monkeypatch):
    monkeypatch.setattr(valkey, "ANSWER_SECONDS", 0.05)
    with tempfile.TemporaryDirectory(prefix="pushcart-stop-") as folder:
        data = Path(folder)
        running = [embedded.start(data, "valkey", fsync=False)]
        settings.REDIS_URL = embedded.redis_url(data)

        def again() -> subprocess.Popen[bytes]:
            running[0].kill()
            running[0].wait()
            running[0] = embedded.start(data, "valkey", fsync=False)
            return running[0]

        try:
            yield running[0], again
        finally:
            running[0].kill()
            running[0].wait()


def test_no_thread_is_told_another_answer_than_its_own(server) -> None:
    process, again = server
    askers = [Asker(number) for number in range(THREADS)]
    for asker in askers:
        asker.start()

    def all_are(what: str) -> None:
        for asker in askers:
            event = getattr(asker, what)
            event.clear()
            assert event.wait(PATIENCE), what

    try:
        for _ in range(4):
            all_are("answered")
            process.send_signal(signal.SIGSTOP)
            all_are("refused")
            process.send_signal(signal.SIGCONT)
        for _ in range(2):
            all_are("answered")
            again()
        all_are("answered")
    finally:
        for asker in askers:
            asker.ended = True
        for asker in askers:
            asker.join(PATIENCE)
    assert [asker.wrong for asker in askers] == [[]] * THREADS
