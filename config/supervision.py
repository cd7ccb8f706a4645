"""The processes of the demo under supervisord: start them, see how they are, stop them (``supervisord.conf``)."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from xmlrpc.client import Fault, ServerProxy

from config.machine import DemoError

BASE_DIR = Path(__file__).resolve().parent.parent
READY_SECONDS = 180.0
STOP_SECONDS = 120.0


def programs(settings: Any) -> list[str]:
    """Names of the processes to start after the servers, in order."""
    wanted = ["web", "worker", "trainer", "beat", "live", "stream", "mailsink"]
    return [*wanted, "simulate"] if settings.SIMULATE else wanted


class Supervisor:
    """supervisord as our child, spoken to over its own socket."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._socket = Path(environment["PUSHCART_RUN"]) / "supervisor.sock"
        self._socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(BASE_DIR / "supervisord.conf")],
            env=environment,
            cwd=BASE_DIR,
            stdin=subprocess.DEVNULL,
            # Not a file: supervisord ends when it cannot write that the disk of its logs is full.
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is ours to answer, in order.
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        self.last_words: deque[str] = deque(maxlen=20)
        listener = threading.Thread(target=self._listen, name="supervisord's words", daemon=True)
        listener.start()
        deadline = time.monotonic() + 20
        while not self._socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                listener.join(1)
                raise DemoError("supervisord did not start:\n" + "\n".join(self.last_words))
            time.sleep(0.02)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.last_words.append(line.decode(errors="replace").rstrip())

    def _call(self, method: str, *arguments: Any) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        proxy = ServerProxy("http://127.0.0.1", transport=transport)
        return getattr(proxy.supervisor, method)(*arguments)

    def start(self, names: Sequence[str]) -> None:
        """Start the named programs without waiting for them."""
        for name in names:
            try:
                self._call("startProcess", _full_name(name), False)
            except Fault as fault:
                raise DemoError(f"{name} did not start: {fault.faultString}") from None

    def pid(self, name: str) -> int:
        """Pid of the program ``name`` now; 0 when it does not run."""
        info = cast(dict[str, Any], self._call("getProcessInfo", _full_name(name)))
        return int(info["pid"])

    def states(self) -> dict[str, str]:
        """Name of each program that was started, and its state in supervisor's words."""
        rows = cast(list[dict[str, Any]], self._call("getAllProcessInfo"))
        return {
            str(row["name"]): str(row["statename"]) for row in rows if row["start"] or row["statename"] != "STOPPED"
        }

    def stop(self) -> None:
        """Stop everything in the reverse order of its start and return when it is gone."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _full_name(program: str) -> str:
    """Supervisor's name of a program: with its group."""
    groups = {"postgres": "servers", "valkey": "servers", "simulate": "visitors"}
    return f"{groups.get(program, 'pushcart')}:{program}"


def end_with_parent() -> None:
    """Ask Linux for a SIGTERM when the parent dies, however it dies."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def readiness(port: int) -> tuple[int, str]:
    """Status and body of ``/readyz``; status 0 when nothing answers yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def wait_until_ready(settings: Any, supervisor: Supervisor) -> None:
    """Return when the shop says that it is ready.

    Raises:
        DemoError: with the reasons of ``/readyz``, after ``READY_SECONDS``.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        status, body = readiness(settings.PORT)
        if status == 200:
            return
        failed = [name for name, state in supervisor.states().items() if state == "FATAL"]
        if failed or time.monotonic() > deadline:
            logs = settings.DATA_DIR / "logs"
            raise DemoError(f"not ready: {', '.join(failed) or body or 'no answer'}. The logs are in {logs}")
        time.sleep(0.2)
