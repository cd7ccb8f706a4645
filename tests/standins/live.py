"""The live process (config/live.py) as it runs in production, against the test's own database and Valkey."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
from django.conf import settings
from django.db import connection


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(port: int):
    database = connection.settings_dict
    url = f"postgres:///{database['NAME']}?host={database['HOST']}&user=postgres"
    environment = os.environ | {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, "DEBUG": "1"}
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [
            *command,
            "--workers",
            "1",
            "--workers-kill-timeout",
            "5",
            "--no-ws",
            "--log-level",
            "warning",
            "config.live:application",
        ],
        env=environment,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200:
                    break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
