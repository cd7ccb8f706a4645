"""The first ``make demo``, broken off at each stage: nothing runs on, nothing is half made, the next start ends complete."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time

import pytest

from tests.kills.clones import Clone

HOUSEHOLDS = 60
# What the terminal says, in the order of a first start.
STAGES = [
    "PostgreSQL and Valkey ...",
    "tables ...",
    "naming products",
    "orders: ",
    "judging by what happened since",
    "processes ...",
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.kill,
    pytest.mark.skipif(shutil.which("make") is None, reason="no make here"),
]


def loaded(clone: Clone) -> str:
    """What the last start said was loaded, without the seconds it took."""
    (line,) = re.findall(r"Demo shop: (.+? until \S+)", clone.log.read_text())
    return str(line)


def champions(clone: Clone) -> list[str]:
    """The slots for which the last start said that a champion stands."""
    return re.findall(r"^train: (\w+) +\S+ +ndcg", clone.log.read_text(), re.MULTILINE)


def test_ctrl_c_at_any_stage_leaves_no_process_and_sigkill_at_any_stage_leaves_nothing_half_made(clone: Clone):
    for stage in STAGES:
        running = clone.start(until=stage, households=HOUSEHOLDS)
        began = time.monotonic()
        os.killpg(running.pid, signal.SIGINT)
        running.wait(60)
        assert clone.processes() == [], stage
        assert time.monotonic() - began < 30, stage
        assert "Traceback" not in clone.log.read_text(), stage
    assert clone.make("reset", "YES=1").wait(60) == 0
    for stage in STAGES:
        clone.kill(clone.start(until=stage, households=HOUSEHOLDS))
    broken_off = clone.start(households=HOUSEHOLDS)
    after_kills = loaded(clone)
    clone.kill(broken_off)
    assert clone.make("reset", "YES=1").wait(60) == 0
    undisturbed = clone.start(households=HOUSEHOLDS)
    assert loaded(clone) == after_kills
    assert sorted(champions(clone)) == ["cart", "email", "home", "product"]
    clone.kill(undisturbed)
