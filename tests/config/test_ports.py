"""Two demos that start at the same time do not share a port, and one that runs is found at its own."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from config import processes
from config.machine import DemoError, claimed_ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names of sockets are Linux's")
FIRST = SimpleNamespace(PORT=61_901, LIVE_PORT=61_902, MAIL_SINK_PORT=61_926)


def test_a_port_of_a_demo_that_has_yet_to_serve_is_refused_to_another() -> None:
    # Its shop would stand where the first has its live pages.
    second = SimpleNamespace(PORT=61_902, LIVE_PORT=61_903, MAIL_SINK_PORT=61_927)
    with (
        claimed_ports(FIRST),
        pytest.raises(DemoError, match=r"^port 61902 \(the shop\) is another demo's.* PORT=62002 make demo$"),
        claimed_ports(second),
    ):
        pytest.fail("two demos share a port")
    with claimed_ports(second):
        pass


def test_a_demo_that_runs_is_known_by_the_port_it_was_started_at(tmp_path) -> None:
    assert processes.running(tmp_path) == (0, 0)
    with (
        processes.only_one(tmp_path, 9000),
        pytest.raises(processes.AlreadyRunning, match="9000"),
        processes.only_one(tmp_path, 8000),
    ):
        pytest.fail("one demo runs twice")
    assert processes.running(tmp_path) == (0, 0)
