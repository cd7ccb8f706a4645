"""Minutes of load while champions are swapped, Valkey is killed and comes back, and a web process is killed; and the benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("LOAD_SECONDS", "600"))


def figures_of(*command: str, seconds: float) -> dict[str, dict[str, Any]]:
    """Name to the line of each figure that a benchmark prints, beside servers of its own."""
    outside = {"DATABASE_URL", "REDIS_URL", "PUSHCART_DATA", "SERVING_WATCH", "NUMBA_CACHE_DIR"}
    environment = {name: value for name, value in os.environ.items() if name not in outside}
    line = [sys.executable, "-m", *command]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
    # Seen with `pytest -s` or when a test fails: the figures are what somebody who runs this for minutes wants.
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    found = (json.loads(text) for text in done.stdout.splitlines() if text.startswith('{"name"'))
    return {each["name"]: each for each in found}


@pytest.mark.kill
def test_no_slate_fails_and_memory_stays_flat() -> None:
    figures = figures_of("benchmarks.endurance", "--seconds", str(SECONDS), seconds=SECONDS + 1_800)
    assert figures["endurance.marked"]["value"] > 0
    assert figures["endurance.seconds"]["context"]["answers"].keys() <= {"slate 200", "event 202", "event 503"}


def test_the_benchmark_of_serving_says_what_it_promised() -> None:
    figures = figures_of("benchmarks.serving", "--quick", seconds=900)
    promised = {"p50_ms", "p99_ms", "http_per_s", "http_p99_ms", "act_to_next_p99_ms", "shared_mb"}
    assert promised <= figures.keys()
    assert all(figures[name]["value"] > 0 for name in promised)
    assert figures["serving.swap.p99_ms"]["context"]["served_by"] >= 2
    assert "serving.growth.http.slates_a_second" in figures
