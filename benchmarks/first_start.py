"""From a clean clone to "Pushcart is ready", and the second start: ``python -m benchmarks.first_start [--households N]``.

The clone is of the last commit, in a temporary folder, with a virtual environment of its own, at ports of its own; it is stopped
and removed at the end. The reference is starting Python and Django once: machines differ less in the ratio. How long the first
start's dependencies take is the affair of the network and the package registry, so their share is told.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.reporting import report

BASE_DIR = Path(__file__).resolve().parent.parent
READY = "Pushcart is ready at"
LONGEST_SECONDS = 1800
# "  demo shop: 39.1 s", two spaces deep: a step that ended.
STEP = re.compile(r"^  ([\w ,&]+): ([\d.]+) s$")
OWN = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")


def free_port() -> int:
    """A port P where P, P+1 and P+25 are free."""
    for port in range(21_000 + os.getpid() % 10_000, 60_000, 50):
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for each in (port, port + 1, port + 25):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", each))
            return port
    raise RuntimeError("no free ports")


def start(clone: Path, port: int, *arguments: str) -> tuple[float, dict[str, float]]:
    """``make demo`` until it is ready, then Ctrl-C; seconds in all and of each step.

    Raises:
        RuntimeError: it ended without being ready; with what it said last.
    """
    pip = {name: value for name, value in os.environ.items() if name in OWN or name.startswith(("PIP_", "UV_"))}
    began = time.monotonic()
    running = subprocess.Popen(
        ["make", "demo", *arguments],
        cwd=clone,
        env=pip | {"PORT": str(port), "SIMULATE": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    steps: dict[str, float] = {}
    said: list[str] = []
    try:
        for line in running.stdout:
            said.append(line.rstrip())
            if match := STEP.match(line.rstrip()):
                steps[match[1]] = float(match[2])
            if READY in line:
                return time.monotonic() - began, steps
            if time.monotonic() - began > LONGEST_SECONDS:
                break
        raise RuntimeError("not ready:\n" + "\n".join(said[-10:]))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
        running.communicate()


def reference(clone: Path) -> float:
    """Seconds for one ``manage.py version`` in the clone, the best of three."""
    taken = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([".venv/bin/python", "manage.py", "version"], cwd=clone, check=True, capture_output=True)
        taken.append(time.monotonic() - began)
    return min(taken)


def tell(name: str, seconds: float, steps: dict[str, float], unit: float, load: float) -> None:
    """Report a start and what part of it each step took."""
    report(name, seconds, "s", ratio=round(seconds / unit, 1), load_before=round(load, 1), cores=os.cpu_count())
    for step, taken in steps.items():
        report(f"{name}: {step}", taken, "s", share=round(taken / seconds, 3))


def main() -> int:
    """Clone, start twice, report, remove."""
    parser = argparse.ArgumentParser(description="First and second start of the demo")
    parser.add_argument("--households", type=int, help="a smaller shop (default: all)")
    size = parser.parse_args().households
    arguments = [f"HOUSEHOLDS={size}"] if size else []
    folder = Path(tempfile.mkdtemp(prefix="pushcart-first-"))
    clone, port = folder / "pushcart", free_port()
    try:
        subprocess.run(["git", "clone", "--quiet", str(BASE_DIR), str(clone)], check=True)
        loads = [os.getloadavg()[0]]
        first = start(clone, port, *arguments)
        loads.append(os.getloadavg()[0])
        second = start(clone, port, *arguments)
        unit = reference(clone)
        report("start: Python and Django once", unit, "s", role="reference")
        tell("start: first, from a clean clone", *first, unit, loads[0])
        tell("start: second", *second, unit, loads[1])
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
