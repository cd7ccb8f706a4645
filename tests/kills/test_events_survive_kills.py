"""Web, stream and Valkey are killed at random while events come in: what was answered 202 is stored, once."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest

from config import embedded

ROOT = Path(__file__).parents[2]
KEY = "pk_test_demo"
MAKE_KEY = f"from shop.api.keys import create_key; create_key('kill', 'pk', token='{KEY}')"


class Installation:
    """An own Pushcart in a folder: servers, web and stream, each of which can be killed and comes back."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        outside = {"DATABASE_URL", "REDIS_URL", "PYTEST_XDIST_WORKER"}
        self.environment = {name: value for name, value in os.environ.items() if name not in outside} | {
            "DEBUG": "1",
            "PUSHCART_DATA": str(data),
            "EVENT_CLAIM_SECONDS": "1.5",
        }
        self.running: dict[str, subprocess.Popen] = {}
        self.kills: dict[str, int] = dict.fromkeys(("web", "stream", "valkey"), 0)
        self.postgres = embedded.start(data, "postgres", fsync=False)
        self.start("valkey")
        self._manage("migrate", "-v", "0")
        self._manage("shell", "-v", "0", "-c", MAKE_KEY)
        self.start("web")
        self.start("stream")

    def _manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, check=True, timeout=120
        )

    def start(self, name: str) -> None:
        if name == "valkey":
            self.running[name] = embedded.start(self.data, "valkey")
            return
        command = {
            "web": [
                *["-m", "granian", "--interface", "wsgi", "--port", str(self.port), "--workers", "1"],
                *["--blocking-threads", "3", "--no-ws", "--log-level", "error", "config.wsgi:application"],
            ],
            "stream": ["manage.py", "stream", "--group", "store"],
        }[name]
        with (self.data / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        process = self.running[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.kills[name] += 1
        self.start(name)

    def stop(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        embedded.stop(self.postgres)

    def asked(self, question: str) -> list[tuple]:
        settings = embedded.database_settings(self.data)
        connection = psycopg2.connect(host=settings["HOST"], user="postgres", dbname="pushcart")
        try:
            with connection.cursor() as cursor:
                cursor.execute(question)
                return cursor.fetchall()
        finally:
            connection.close()


class Sender(threading.Thread):
    """A client that sends its events until each was answered; a request without an answer is sent again as it was."""

    def __init__(self, port: int, events: int, pause: float, seed: int) -> None:
        super().__init__()
        self.port, self.events, self.pause = port, events, pause
        self.random = random.Random(seed)
        self.accepted: list[str] = []
        self.retries = self.unanswered = 0
        self.failure = ""

    def run(self) -> None:
        while len(self.accepted) < self.events and not self.failure:
            size = min(self.random.choice([1, 1, 5, 20]), self.events - len(self.accepted))
            batch = [self._event() for _ in range(size)]
            body = json.dumps({"batch": batch} if size > 1 else batch[0])
            self._send(body, size)
            self.accepted += [event["message_id"] for event in batch]
            time.sleep(self.pause)

    def _event(self) -> dict:
        event = {
            "type": "product_viewed",
            "message_id": uuid.uuid4().hex,
            "visitor_id": f"v-{self.random.randrange(200):08d}",
            "product_id": f"p-{self.random.randrange(900)}",
        }
        # Half with a time of their own: the id is the same in a retry. Half without: Valkey remembers the message id.
        if self.random.random() < 0.5:
            event["occurred_at"] = datetime.now(UTC).isoformat()
        return event

    def _send(self, body: str, size: int) -> None:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("POST", "/api/v1/events", body, headers)
                answer = connection.getresponse()
                content = answer.read()
                if answer.status == 202:
                    assert json.loads(content) == {"accepted": size, "rejected": []}
                    return
                if answer.status != 503:
                    self.failure = f"{answer.status} {content[:300]!r}"
                    return
            except (OSError, http.client.HTTPException):
                # The process that was asked is being killed: nobody answered, so the same body is sent again, as clients do.
                self.unanswered += 1
            finally:
                connection.close()
            self.retries += 1
            time.sleep(0.05)
        self.failure = "no answer within a minute"


def check(events: int, senders: int, pause: float, kill_every: float, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="pushcart-kill-", ignore_cleanup_errors=True) as folder:
        shop = Installation(Path(folder).resolve())
        try:
            clients = [Sender(shop.port, events // senders, pause, seed + n) for n in range(senders)]
            for client in clients:
                client.start()
            chance = random.Random(seed)
            turn = 0
            while any(client.is_alive() for client in clients):
                time.sleep(kill_every * chance.uniform(0.5, 1.5))
                # Each in turn at first, so that none is spared; then at random.
                shop.kill(list(shop.kills)[turn] if turn < 3 else chance.choice([*shop.kills, "valkey"]))
                turn += 1
            accepted = [message_id for client in clients for message_id in client.accepted]
            assert [client.failure for client in clients if client.failure] == []
            assert len(set(accepted)) == events // senders * senders
            assert min(shop.kills.values()) >= 1, shop.kills
            stored = wait_until_stored(shop, set(accepted))
            assert len(stored) == len(set(stored)), "an event was stored twice"
            assert set(stored) == set(accepted), f"{len(set(accepted) - set(stored))} were lost"
            assert shop.asked("SELECT reason FROM shop_poisonevent") == []
            print(
                f"{len(accepted)} events, kills {shop.kills}, retries {sum(client.retries for client in clients)}, "
                f"of requests without an answer {sum(client.unanswered for client in clients)}"
            )
        finally:
            shop.stop()


def wait_until_stored(shop: Installation, accepted: set[str]) -> list[str]:
    deadline = time.monotonic() + 120
    while True:
        stored = [row[0] for row in shop.asked("SELECT message_id FROM shop_event")]
        if accepted <= set(stored) or time.monotonic() > deadline:
            time.sleep(0.5)  # a second copy would come now
            return [row[0] for row in shop.asked("SELECT message_id FROM shop_event")]
        time.sleep(0.2)


@pytest.mark.kill
def test_three_thousand_events_survive_kills():
    check(events=3_000, senders=4, pause=0.03, kill_every=0.9, seed=1)


@pytest.mark.kill
@pytest.mark.slow
def test_twenty_thousand_events_survive_kills():
    check(events=20_000, senders=6, pause=0.02, kill_every=1.0, seed=2)
