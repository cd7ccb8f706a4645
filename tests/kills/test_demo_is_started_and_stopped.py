"""``make demo`` in a folder with an awkward name: it starts, stops without a trace however it is told to, and survives SIGKILL."""

from __future__ import annotations

import os
import shutil
import signal
import socket

import psutil
import pytest

from tests.kills.clones import Clone

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kill,
    pytest.mark.skipif(shutil.which("make") is None, reason="no make here"),
]


def test_it_starts_on_local_addresses_only_and_a_closed_terminal_ends_all_of_it(clone: Clone):
    running = clone.start()
    started = clone.processes()
    assert len(started) > 10
    assert {
        connection.laddr.ip
        for process in started
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    } == {"127.0.0.1"}
    assert "DEBUG=1" in (clone.folder / ".env").read_text()
    os.killpg(running.pid, signal.SIGHUP)
    running.wait(90)
    assert clone.processes() == []


def test_after_sigkill_of_everything_the_next_start_recovers_within_seconds_and_ctrl_c_ends_it(clone: Clone):
    first = clone.start()
    clone.kill(first)
    again = clone.start()
    os.killpg(again.pid, signal.SIGINT)
    again.wait(90)
    assert clone.processes() == []


def test_supervisord_killed_alone_leaves_orphans_that_the_next_start_ends(clone: Clone):
    first = clone.start()
    maker = psutil.Process(first.pid)
    supervisors = [p for p in [maker, *maker.children(recursive=True)] if "supervisor.supervisord" in p.cmdline()]
    for process in [*supervisors, *maker.children(), maker]:
        process.kill()
    first.wait(10)
    orphans = {process.pid for process in clone.processes()}
    again = clone.start()
    assert not orphans & {process.pid for process in clone.processes()}
    stop = clone.make("stop")
    assert stop.wait(90) == 0
    again.wait(10)
    assert clone.processes() == []


def test_a_taken_port_is_named_with_what_to_type(clone: Clone):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", clone.port))
        taken.listen()
        refused = clone.make("demo")
        assert refused.wait(60) != 0
    assert f"port {clone.port} (the shop) cannot be used" in clone.log.read_text()
    assert f"(pid {os.getpid()}, in " in clone.log.read_text()
    assert f"PORT={clone.port + 100} make demo" in clone.log.read_text()
    assert clone.processes() == []


def test_reset_does_not_remove_anything_unasked(clone: Clone):
    assert clone.make("reset").wait(60) != 0
    assert "YES=1 make reset" in clone.log.read_text()
    assert (clone.data / "postgres").is_dir()
    assert clone.make("reset", "YES=1").wait(60) == 0
    assert not clone.data.exists()
