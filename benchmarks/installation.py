"""The processes of an installation, as ``supervisord.conf`` starts them, for the length of a benchmark."""

from __future__ import annotations

import configparser
import contextlib
import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
READY_SECONDS = 120.0
# Answers of /readyz in a row, each on a connection of its own, until every worker process is taken for warm.
READY_IN_A_ROW = 12


def command_of(program: str, port: int, application: str = "") -> list[str]:
    """The command of a program in ``supervisord.conf``, for ``port``, and for another WSGI application where one is given."""
    parsed = configparser.RawConfigParser(inline_comment_prefixes=None)
    parsed.read(ROOT / "supervisord.conf")
    command = parsed.get(f"program:{program}", "command")
    for name, value in (("PYTHON", sys.executable), ("PORT", str(port))):
        command = command.replace(f"%(ENV_{'PUSHCART_PYTHON' if name == 'PYTHON' else name})s", value)
    parts = shlex.split(command)
    return [*parts[:-1], application] if application else parts


def processor_seconds() -> dict[str, float]:
    """Processor time taken so far by this process (``load``) and by each kind of process that it started."""
    own = psutil.Process()
    found = {"load": _seconds(own)}
    for process in own.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            name = _name(process)
            found[name] = found.get(name, 0.0) + _seconds(process)
    return found


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    for name, mark in (("web", "granian"), ("stream", "manage.py stream"), ("valkey", "valkey-server")):
        if mark in line:
            return name
    # What granian and PostgreSQL start has a command line of its own.
    parent = process.parent()
    if "postgres" in line:
        return "postgres"
    return _name(parent) if parent is not None and parent.pid != os.getpid() else "other"


def microseconds_each(before: dict[str, float], count: int) -> dict[str, float]:
    """Processor time since ``before`` for each of ``count`` things, in microseconds, by kind of process.

    It says what a figure is made of, and moves less than the figure while the machine is busy with other work.
    """
    after = processor_seconds()
    spent = {name: (after[name] - before.get(name, 0.0)) * 1e6 / count for name in after}
    return {name: round(each, 1) for name, each in spent.items() if each >= 0.05}


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[int]:
    """A process with children of its own; yields its id, and ends all of them."""
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(25)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def web(application: str = "", path: str = "/readyz") -> Iterator[int]:
    """The web server; yields its port once ``path`` is answered with 200 or 202 by every worker.

    Args:
        application: another WSGI application, served the same way.
    """
    port = free_port()
    with running(command_of("web", port, application)):
        wait_until(lambda: all(_answers(port, path) for _ in range(READY_IN_A_ROW)), "the web server is not ready")
        yield port


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status in (200, 202)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool], otherwise: str, seconds: float = READY_SECONDS) -> None:
    """Wait until ``condition`` holds.

    Raises:
        SystemExit: it did not within ``seconds``.
    """
    deadline = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > deadline:
            raise SystemExit(f"after {seconds:.0f} s: {otherwise}")
        time.sleep(0.02)


def bare(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The reference: a WSGI view that reads the body and answers what a single event is answered."""
    environ["wsgi.input"].read()
    return _answer(start_response, "202 Accepted", b'{"accepted":1,"rejected":[]}')


def bare_slate(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The reference of recommendations: as many octets as a slate of ten, ready-made."""
    return _answer(start_response, "200 OK", b'{"items":"%s"}' % (b"x" * 2000))


def _answer(start_response: Callable[..., Any], status: str, content: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
