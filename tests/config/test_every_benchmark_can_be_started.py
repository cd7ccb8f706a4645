"""A benchmark is a command: each can be read without anything that only a test, or another benchmark, had set up before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
READ = """
import importlib, os, sys
for name in sys.argv[1:]:
    importlib.import_module(f"benchmarks.{name}")
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
"""


def test_every_benchmark_is_read_by_itself() -> None:
    names = sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))
    done = subprocess.run(
        [sys.executable, "-c", READ, *names], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
