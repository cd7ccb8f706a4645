"""Whether serving holds out: ``python -m benchmarks.endurance [--seconds 600]``.

Load at a share of what is the most, for minutes: slates, and events that make them. Meanwhile champions are swapped, Valkey is
killed and comes back after some seconds, and a web process is killed. It fails (exit code 1, one line a reason) where a slate is
answered with anything but 200, where it says that Valkey is away while it is not, where an event is refused while Valkey is
there, where a connection breaks off before a web process was killed, or where the memory of a web process grows.
"""

from __future__ import annotations

import argparse
import atexit
import http.client
import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks import shops
from benchmarks.installation import command_of, free_port, running, wait_until
from benchmarks.load import run
from benchmarks.reporting import fresh_shop, percentile, report
from benchmarks.shops import KEY, Size

SIZE = Size(2_000, 20_000)
VISITORS, CLIENTS, SHARE = 500, 6, 0.6
# Requests of a connection, then a new one, as proxies do: else all stay with the process that another was killed beside.
REQUESTS = 500
# One request in so many is an event.
ACTS = 10
# Parts of the time after which something happens.
SWAPS, VALKEY, WORKER = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9), 0.4, 0.6
AWAY_SECONDS = 3.0
# So long what waited for Valkey makes others wait.
AFTER_SECONDS = 10.0
# So long the most is measured, once all is warm.
PROBE_SECONDS = 5.0
# What a web process may take more at the end than in the middle of the time: sessions that ended enter its index.
MOST_GROWTH_MB = 16.0


@dataclass
class Seen:
    """What the clients were answered.

    Attributes:
        seconds: of each answer, from when its request was due.
        due: when that was, by :func:`time.monotonic`.
        wrong: what must not be, in words, to how often.
        away: (from, to) of :func:`time.monotonic`, while Valkey was killed and not yet back.
        killed: when a web process was killed, by :func:`time.monotonic`.
        cut: connections that it took with it.
    """

    seconds: list[float] = field(default_factory=list)
    due: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    away: tuple[float, float] = (float("inf"), float("inf"))
    killed: float = float("inf")
    cut: int = 0
    marked: int = 0

    def answered(self, due: float, seconds: float) -> None:
        """Keep what an answer took."""
        with self.lock:
            self.due.append(due)
            self.seconds.append(seconds)

    def broke_off(self) -> None:
        """Keep that a connection ended without an answer, and whether anything was done to it."""
        with self.lock:
            self.cut += 1
            if time.monotonic() < self.killed:
                self.wrong["a connection broke off before any process was killed"] += 1

    def was_away(self, began: float, ended: float) -> bool:
        """Whether Valkey was away at any time of a request; a second more, for connections that must be made anew."""
        return began < self.away[1] + 1.0 and ended > self.away[0]


class Client(threading.Thread):
    """Sends what is due on one connection, and looks at what comes back."""

    def __init__(self, port: int, number: int, until: float, seen: Seen, *, rate: float = 0.0) -> None:
        """With a rate of 0 it asks as soon as it is answered."""
        super().__init__(name=f"client {number}")
        self.port, self.pause, self.until, self.seen = port, 1 / rate if rate else 0.0, until, seen
        self.chance = random.Random(number)
        self.number = number

    def run(self) -> None:
        """Until the time is over."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        began = time.monotonic()
        for count in itertools.count():
            due = began + count * self.pause if self.pause else time.monotonic()
            if due > self.until:
                return
            time.sleep(max(due - time.monotonic(), 0.0))
            started = time.monotonic()
            if count % REQUESTS == REQUESTS - 1:
                connection.close()
            try:
                (self._act if count % ACTS == 0 else self._ask)(connection, started)
            except (http.client.HTTPException, OSError):
                self.seen.broke_off()
                connection.close()
            self.seen.answered(due, time.monotonic() - due)

    def _send(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Any = None
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content)

    def _ask(self, connection: http.client.HTTPConnection, started: float) -> None:
        slot, who = self.chance.choice(("home", "product", "cart")), shops.visitor(self.chance.randrange(VISITORS))
        product = f"&product_id=p-{self.chance.randrange(SIZE.products)}" if slot == "product" else ""
        status, slate = self._send(connection, "GET", f"/api/v1/recommendations/{slot}?visitor_id={who}{product}&k=10")
        self.seen.statuses[f"slate {status}"] += 1
        away = self.seen.was_away(started, time.monotonic())
        if status != 200:
            self.seen.wrong[f"a slate was answered {status}"] += 1
        elif len(slate["items"]) != 10:
            self.seen.wrong[f"a slate had {len(slate['items'])} products"] += 1
        elif slate.get("note"):
            self.seen.marked += 1
            if not away:
                self.seen.wrong[f"while Valkey was there: {slate['note']}"] += 1

    def _act(self, connection: http.client.HTTPConnection, started: float) -> None:
        product = f"p-{self.chance.randrange(SIZE.products)}"
        event = {
            "type": "product_viewed",
            "product_id": product,
            "visitor_id": shops.visitor(self.chance.randrange(VISITORS)),
        }
        status, _ = self._send(connection, "POST", "/api/v1/events", event)
        self.seen.statuses[f"event {status}"] += 1
        if status != 202 and not self.seen.was_away(started, time.monotonic()):
            self.seen.wrong[f"an event was answered {status}"] += 1


class Memory(threading.Thread):
    """Looks at what each web process holds of its own, every second."""

    def __init__(self, parent: int, until: float) -> None:
        super().__init__(name="memory")
        self.parent, self.until = parent, until
        self.found: dict[int, list[tuple[float, float]]] = {}

    def run(self) -> None:
        """Until the time is over."""
        while time.monotonic() < self.until:
            for process in workers(self.parent):
                try:
                    held = process.memory_full_info().uss / 1e6
                except psutil.Error:
                    # It was killed a moment ago.
                    continue
                self.found.setdefault(process.pid, []).append((time.monotonic(), held))
            time.sleep(1.0)


def workers(parent: int) -> list[psutil.Process]:
    """The processes that answer; not what they need to be started."""
    found = []
    for process in psutil.Process(parent).children(recursive=True):
        try:
            if process.memory_info().rss > 60e6:
                found.append(process)
        except psutil.Error:
            continue
    return found


def train() -> tuple[Any, Any]:
    """Two champions for every slot, of which the first serves."""
    from recommender.algorithms.ranked import Ranked
    from recommender.dataset.building import read_products

    dataset = shops.acts(SIZE, read_products())
    first = Ranked(deep=False, session={"collapse": False}, questions=2_000, trees=40).fit(dataset)
    second = Ranked(deep=False, session={"collapse": False}, questions=2_000, trees=40, seed=2)
    second.take_over(first)
    versions = [shops.versions_of(model, dataset) for model in (first, second.fit(dataset))]
    shops.promote(versions[0])
    return versions[0], versions[1]


def events_of(seconds: float, data: Path, parent: int, versions: tuple[Any, Any], seen: Seen) -> dict[float, Any]:
    """Part of the time to what happens then."""
    from config import embedded

    def swap(number: int) -> None:
        shops.promote(versions[number % 2])

    def kill_worker() -> None:
        seen.killed = time.monotonic()
        os.kill(workers(parent)[0].pid, signal.SIGKILL)

    def restart_valkey() -> None:
        (server,) = [each for each in psutil.Process().children() if "valkey-server" in " ".join(each.cmdline())]
        seen.away = (time.monotonic(), float("inf"))
        server.kill()
        server.wait()
        time.sleep(AWAY_SECONDS)
        # None of those that end with the shop: it ends with this process, whatever happens.
        atexit.register(embedded.stop, embedded.start(data, "valkey"))
        seen.away = (seen.away[0], time.monotonic())

    found: dict[float, Any] = {at: lambda number=number: swap(number + 1) for number, at in enumerate(SWAPS)}
    return {at: found[at] for at in SWAPS} | {VALKEY: restart_valkey, WORKER: kill_worker}


def growth(memory: Memory, began: float, seconds: float) -> list[dict[str, float]]:
    """Of each process that lived to the end: the least it held in the middle of its time, and in the last tenth."""
    found = []
    for looks in memory.found.values():
        if looks[-1][0] < began + 0.95 * seconds:
            continue
        first = looks[0][0]
        middle = first + (looks[-1][0] - first) * 0.4
        early = [held for at, held in looks if middle <= at <= middle + 0.2 * (looks[-1][0] - first)]
        late = [held for at, held in looks if at >= looks[-1][0] - 0.1 * (looks[-1][0] - first)]
        found.append({"middle_mb": round(min(early), 1), "end_mb": round(min(late), 1)})
    return found


def most_of(port: int) -> float:
    """Answers a second to the same clients, events among them, as fast as they come: what a share is meant of."""
    for seconds in (2.0, PROBE_SECONDS):
        seen, began = Seen(), time.monotonic()
        clients = [Client(port, number, began + seconds, seen) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        rate = len(seen.seconds) / (time.monotonic() - began)
    return rate


def hold_out(seconds: float, data: Path, port: int, parent: int, versions: tuple[Any, Any]) -> list[str]:
    """The load and what happens meanwhile; returns what was wrong."""
    rate = SHARE * most_of(port)
    seen, began = Seen(), time.monotonic()
    until = began + seconds
    clients = [Client(port, number, until, seen, rate=rate / CLIENTS) for number in range(CLIENTS)]
    threads: list[threading.Thread] = [*clients]
    memory = Memory(parent, until)
    for thread in (*threads, memory):
        thread.start()
    for at, happens in sorted(events_of(seconds, data, parent, versions, seen).items()):
        time.sleep(max(began + at * seconds - time.monotonic(), 0.0))
        happens()
    for thread in (*threads, memory):
        thread.join()
    grown = growth(memory, began, seconds)
    report("endurance.seconds", seconds, "s", asked_a_second=round(rate), answers=dict(seen.statuses), cut=seen.cut)
    calm = [
        took for due, took in zip(seen.due, seen.seconds, strict=True) if not seen.was_away(due - AFTER_SECONDS, due)
    ]
    for share in (50, 99):
        report(f"endurance.p{share}", 1000 * percentile(seen.seconds, share / 100), "ms", of="all answers")
        report(
            f"endurance.calm_p{share}", 1000 * percentile(calm, share / 100), "ms", of="those while Valkey was there"
        )
    report("endurance.marked", seen.marked, "slates", why="Valkey was away: what is popular is shown")
    report(
        "endurance.growth_mb",
        max((each["end_mb"] - each["middle_mb"] for each in grown), default=0.0),
        "MB",
        processes=grown,
    )
    wrong = [f"{text} ({count} times)" for text, count in seen.wrong.items()]
    wrong += [f"a web process grew: {each}" for each in grown if each["end_mb"] - each["middle_mb"] > MOST_GROWTH_MB]
    if not seen.marked:
        wrong.append("no slate said that Valkey was away")
    if len(grown) != 2:
        wrong.append(f"{len(grown)} web processes lived to the end, not 2")
    return wrong


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Serving under load while models, Valkey and processes go")
    parser.add_argument("--seconds", type=float, default=600.0)
    options = parser.parse_args()
    with fresh_shop(fsync=False) as data:
        from shop.api.keys import create_key

        create_key("benchmark", "pk", token=KEY)
        shops.fill(SIZE.products)
        versions = train()
        shops.browse(SIZE, VISITORS)
        port = free_port()
        with running(command_of("web", port)) as parent, running(command_of("stream", port)):
            wait_until(lambda: ready(port), "the web server is not ready")
            wrong = hold_out(options.seconds, data, port, parent, versions)
    for line in wrong:
        print(f"failed: {line}", file=sys.stderr)
    return 1 if wrong else 0


def ready(port: int) -> bool:
    """Whether every web process answers by its champion."""
    try:
        answers = [
            run(port, shops.questions(SIZE, VISITORS, 1, seed=0), status=b"200", connections=1, keep=True)
            for _ in range(12)
        ]
    except (OSError, RuntimeError):
        return False
    return all(json.loads(answer.bodies[0])["model"].startswith("ranked") for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
