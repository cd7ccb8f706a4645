"""Waiting until a server answers, and what it complained of when it does not."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

from config.embedded.binaries import EmbeddedError
from config.embedded.places import database_settings, socket_dir

READY_WAIT_SECONDS = 60.0


def wait_ready(
    data: Path,
    server: str,
    *,
    ended: Callable[[], bool] = lambda: False,
    log: Path | None = None,
    timeout: float = READY_WAIT_SECONDS,
) -> None:
    """Return when the server answers; create the database ``pushcart`` where it is missing.

    Raises:
        EmbeddedError: it ended, or did not answer within ``timeout`` seconds; with the last line of its ``log``.
    """
    answers = _postgres_answers if server == "postgres" else _valkey_answers
    log = log or data / f"{server}.log"
    deadline = time.monotonic() + timeout
    while not answers(data):
        if ended():
            raise EmbeddedError(f"{server} ended: {_last_line(log)} (the whole log: {log})")
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"{server} does not answer after {timeout:.0f} s: {_last_line(log)} (the whole log: {log})"
            )
        time.sleep(0.03)
    if server == "postgres":
        create_database(data)


def _postgres_answers(data: Path) -> bool:
    import psycopg2

    settings = database_settings(data)
    try:
        psycopg2.connect(host=settings["HOST"], port=settings["PORT"], user="postgres", dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


def _valkey_answers(data: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(socket_dir(data) / "valkey.sock"))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _last_line(log: Path) -> str:
    """What the server complained of last."""
    try:
        lines = log.read_bytes()[-20_000:].decode(errors="replace").split("\n")
    except OSError:
        return "no word of it"
    written = [line.strip() for line in lines if line.strip()]
    # PostgreSQL says why it gives up, then goes on about what it does.
    grave = [line for line in written if re.search("PANIC|FATAL|ERROR|embedded:|[Ff]ailed", line)]
    return (grave or written or ["no word of it"])[-1]


def create_database(data: Path, name: str = "pushcart") -> None:
    """Create database ``name`` unless it exists."""
    import psycopg2

    settings = database_settings(data)
    connection = psycopg2.connect(host=settings["HOST"], port=settings["PORT"], user="postgres", dbname="postgres")
    try:
        connection.autocommit = True
        with (
            connection.cursor() as cursor,
            contextlib.suppress(psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation),
        ):
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{name}"')
    finally:
        connection.close()
