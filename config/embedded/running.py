"""Starting servers and stopping them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from config.embedded.binaries import EmbeddedError
from config.embedded.commands import postgres_command, valkey_command
from config.embedded.locks import take_lock
from config.embedded.places import socket_dir
from config.embedded.readiness import wait_ready

SERVERS = ("postgres", "valkey")
LOCK_WAIT_SECONDS = 20.0


def is_running(data: Path, server: str) -> bool:
    """Whether ``server`` ("postgres" or "valkey") of ``data`` is alive, by its lock."""
    path = data / f"{server}.lock"
    if not path.exists():
        return False
    try:
        os.close(take_lock(path, wait=0.0))
    except EmbeddedError:
        return True
    return False


def _prepare(data: Path, server: str, *, fsync: bool) -> tuple[list[str], int]:
    data.mkdir(parents=True, exist_ok=True)
    descriptor = take_lock(data / f"{server}.lock", LOCK_WAIT_SECONDS)
    command = postgres_command(data, fsync=fsync) if server == "postgres" else valkey_command(data)
    return command, descriptor


def serve(data: Path, server: str, *, fsync: bool = True) -> None:
    """Become the server: never returns. The lock lives as long as the server does."""
    command, _descriptor = _prepare(data, server, fsync=fsync)
    program = shutil.which(command[0])
    if program is None:
        raise EmbeddedError(f"cannot run {command[0]}")
    os.execv(program, command)


def start(data: Path, server: str, *, fsync: bool = True) -> subprocess.Popen[bytes]:
    """Start ``server`` as our child and return once it answers. Its log goes to ``data/<server>.log``."""
    command, descriptor = _prepare(data, server, fsync=fsync)
    try:
        with (data / f"{server}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(descriptor,),
                start_new_session=True,
            )
    finally:
        os.close(descriptor)
    try:
        wait_ready(data, server, ended=lambda: process.poll() is not None)
    except BaseException:
        stop(process)
        raise
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server started by :func:`start`: SIGINT (PostgreSQL's fast shutdown), SIGKILL after 30 s."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tidy_sockets(data: Path) -> None:
    """Remove the folder of the sockets, unless a server of ``data`` lives or starts."""
    descriptors = []
    try:
        for server in SERVERS:
            descriptors += [take_lock(data / f"{server}.lock", wait=0.0)]
        shutil.rmtree(socket_dir(data), ignore_errors=True)
    except (EmbeddedError, OSError):
        return
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


@contextlib.contextmanager
def servers(data: Path, *, fsync: bool = True) -> Iterator[None]:
    """Both servers for the length of a ``with`` block; those that run already are left running."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for server in SERVERS:
            if is_running(data, server):
                wait_ready(data, server)
            else:
                started.append(start(data, server, fsync=fsync))
        yield
    finally:
        for process in reversed(started):
            stop(process)
        if started:
            tidy_sockets(data)
