"""The processes of one demo: the lock that says one runs, the mark by which its processes are known, and their end.

Pids are never trusted from a file alone. A demo that runs holds a ``flock``; every process below it carries the
environment variable ``PUSHCART_DEMO`` with the data folder, and the servers (which overwrite their environment) hold the lock
files of ``config.embedded``. So the processes of another clone, or of a demo long gone, are never touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

MARK = "PUSHCART_DEMO"


class AlreadyRunning(RuntimeError):
    """Another process runs this demo; its port is the argument."""


def _lock_file(data: Path) -> Path:
    return data / "demo.lock"


@contextlib.contextmanager
def only_one(data: Path, port: int) -> Iterator[None]:
    """Hold the lock of the demo in ``data``, served at ``port``, for the length of a ``with`` block.

    Raises:
        AlreadyRunning: somebody holds it.
    """
    data.mkdir(parents=True, exist_ok=True)
    with _lock_file(data).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(running(data)[1]) from None
        file.truncate(0)
        file.write(f"{os.getpid()} {port}")
        file.flush()
        yield
        file.truncate(0)


def running(data: Path) -> tuple[int, int]:
    """Pid of the process that holds the demo's lock and the port of its shop, whatever port is asked for now; zeros without one."""
    path = _lock_file(data)
    if not path.exists():
        return 0, 0
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, _, port = file.read().strip().partition(" ")
            return int(pid or 0), int(port or 0)
    return 0, 0


def leftovers(data: Path) -> list[psutil.Process]:
    """Processes of the demo in ``data`` that run now, other than this one and those it comes from."""
    mine = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    locks = {str(data / "postgres.lock"), str(data / "valkey.lock")}
    return [
        process for process in psutil.process_iter() if process.pid not in mine and _belongs(process, str(data), locks)
    ]


def _belongs(process: psutil.Process, data: str, locks: set[str]) -> bool:
    try:
        if process.environ().get(MARK) == data:
            return bool(process.status() != psutil.STATUS_ZOMBIE)
        descriptors = Path(f"/proc/{process.pid}/fd")
        return descriptors.is_dir() and any(
            str(link.readlink()) in locks for link in descriptors.iterdir() if link.is_symlink()
        )
    except (psutil.Error, OSError):
        # Ended meanwhile, or another user's.
        return False


def holder_of(port: int) -> str:
    """Who listens at ``port`` of this machine, for a person to read; other users' processes have no name for us."""
    for connection in psutil.net_connections("tcp"):
        if connection.status != psutil.CONN_LISTEN or connection.laddr.port != port or connection.pid is None:
            continue
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(connection.pid)
            if data := process.environ().get(MARK):
                return f"the demo in {Path(data).parent} (`make stop` there ends it)"
            return f"{process.name()} (pid {process.pid}, in {process.cwd()})"
    return "a process of another user"


def end(processes: list[psutil.Process], patience: float = 15.0) -> None:
    """End ``processes``: PostgreSQL by SIGINT (its fast shutdown), others by SIGTERM; SIGKILL after ``patience`` seconds."""
    pids = {process.pid for process in processes}
    for process in processes:
        with contextlib.suppress(psutil.Error):
            # The children of a server end with it.
            if process.ppid() not in pids:
                process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)


def wait_for_end(data: Path, patience: float) -> bool:
    """Wait until nobody holds the demo's lock; whether that came within ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while running(data)[0]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
