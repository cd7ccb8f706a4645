"""Processes of Pushcart beside a test, on the test's own database, Valkey and model files."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parents[2]


def environment_of_this_test(**more: str) -> dict[str, str]:
    """Variables by which another process works on what this test committed."""
    database = connection.settings_dict
    options = {"location": str(settings.STORAGES["models"]["OPTIONS"]["location"])}
    return {
        **os.environ,
        "DATABASE_URL": f"postgres://{database['USER']}:@/{database['HOST']}/{database['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "MODEL_STORAGE_OPTIONS": json.dumps(options),
        "DEBUG": "1",
        "EXPLORATION_SHARE": "0",
        **more,
    }


@contextlib.contextmanager
def web_process(environment: dict[str, str]) -> Iterator[int]:
    """A web server with one worker; yields its port once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(
        [*command, "--blocking-threads", "3", "--no-ws", "--log-level", "error", "config.wsgi:application"],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not _ready(port):
            assert time.monotonic() < deadline, "the web process is not ready"
            assert process.poll() is None, "the web process ended"
            time.sleep(0.1)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ready(port: int) -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()
