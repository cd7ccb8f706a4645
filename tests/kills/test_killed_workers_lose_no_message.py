"""Workers are SIGKILLed while they send: nobody gets it twice, nobody is lost, what is uncertain is listed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from django.db import connection, transaction

from push.campaigns.planning import plan_due
from push.delivery.states import TO_GO, State
from push.models import Message
from push.results.conservation import conservation
from shop import clock
from tests.factories.campaigns import make_audience, running
from tests.standins.smtp import smtp_server

pytestmark = [pytest.mark.kill, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sink():
    """A mail server of this test's own."""
    with smtp_server() as server:
        yield server


def start_worker(port: int) -> subprocess.Popen:
    """A delivery process on this test's database and mail server."""
    name = connection.settings_dict
    url = f"postgres://{name['USER']}@/{name['NAME']}?host={name['HOST']}&port={name['PORT']}"
    environment = {**os.environ, "DATABASE_URL": url, "EMAIL_URL": f"smtp://127.0.0.1:{port}"}
    command = [sys.executable, "manage.py", "deliver", "--pause", "0.05"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def message_ids(server) -> Counter:
    return Counter(message_from_bytes(mail.data)["Message-ID"].strip("<>").split("@")[0] for mail in server.taken)


def in_the_middle_of_it(server) -> int | None:
    """Wait for the server to be taking a mail, a moment; return the port of the client that waits for its answer."""
    for _ in range(200):
        if taking := list(server.taking):
            return taking[0]
        time.sleep(0.001)
    return None


def worker_at(port: int, workers) -> int | None:
    """Which of the workers has the connection from ``port``."""
    inodes = {
        row[9]
        for row in map(str.split, Path("/proc/net/tcp").read_text().splitlines())
        if row[1].endswith(f":{port:04X}")
    }
    for number, worker in enumerate(workers):
        with contextlib.suppress(OSError):
            held = {str(link.readlink()) for link in Path(f"/proc/{worker.pid}/fd").iterdir()}
            if held & {f"socket:[{inode}]" for inode in inodes}:
                return number
    return None


def kill_again_and_again(server, *, messages: int, kills: int, workers: int = 2) -> tuple[int, int]:
    """Let workers send and kill one after every so many mails.

    Returns:
        How many were killed, and how many of them while the server was taking a mail of theirs.
    """
    running_workers = [start_worker(server.port) for _ in range(workers)]
    killed, hit, next_kill = 0, 0, messages / (kills + 2)
    deadline = time.monotonic() + 60 + kills * 40
    try:
        while time.monotonic() < deadline:
            waiting = Message.objects.filter(state__in=TO_GO)
            if not waiting.exists():
                break
            if killed < kills and len(server.taken) >= next_kill * (killed + 1) * 0.9:
                client = in_the_middle_of_it(server)
                victim = worker_at(client, running_workers) if client is not None else None
                hit += victim is not None
                victim = killed % workers if victim is None else victim
                running_workers[victim].send_signal(signal.SIGKILL)
                running_workers[victim].wait()
                running_workers[victim] = start_worker(server.port)
                killed += 1
            if len(server.taken) and not waiting.filter(state=State.PLANNED).exists():
                # What is left belongs to the dead: nobody waits a minute for their leases to end.
                with transaction.atomic():
                    dead = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True))
                    Message.objects.filter(pk__in=dead).update(lease_until=clock.now() - timedelta(seconds=1))
                time.sleep(0.2)
            time.sleep(0.01)
    finally:
        for worker in running_workers:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    return killed, hit


def run(smtp, messages: int, kills: int) -> int:
    """Plan, kill and compare; returns how many messages are accounted for."""
    smtp.on_mail = _slowly(smtp)
    make_audience(messages)
    campaign = running()
    assert plan_due(campaign).planned == messages
    killed, hit = kill_again_and_again(smtp, messages=messages, kills=kills)
    line = conservation(campaign)
    arrived = message_ids(smtp)
    states = {str(pk): state for pk, state in Message.objects.values_list("pk", "state")}
    lost = [pk for pk, state in states.items() if state == State.ACCEPTED and not arrived[pk]]
    unlisted = [pk for pk, state in states.items() if state not in (State.ACCEPTED, State.UNCERTAIN)]
    twice = [pk for pk, times in arrived.items() if times > 1]
    print(
        f"{messages} messages, {killed} kills ({hit} in the middle of a mail): "
        f"{line.accepted} accepted, {line.uncertain} uncertain, "
        f"{len(arrived)} at the sink, lost {len(lost)}, twice {len(twice)}"
    )
    assert killed == kills
    assert hit >= max(1, kills // 2)
    assert line.holds
    assert line.to_go == 0
    assert (lost, twice, unlisted) == ([], [], [])
    # A kill leaves one message uncertain: the one that the worker was at.
    assert line.uncertain <= kills
    assert set(arrived) <= set(states)
    return line.accepted + line.uncertain


def _slowly(smtp):
    """Take mails in two milliseconds each, and say meanwhile from which ports they come."""
    smtp.taking = set()

    def take(envelope):
        smtp.taking.add(envelope.port)
        time.sleep(0.002)
        smtp.taking.discard(envelope.port)
        return smtp._take(envelope)

    return take


def test_five_hundred_messages_survive_five_kills(sink):
    assert run(sink, 500, 5) == 500


@pytest.mark.slow
def test_five_thousand_messages_survive_fifty_kills(sink):
    assert run(sink, 5000, 50) == 5000
