"""Copies of the project as newcomers have them, and ``make`` in them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from config import processes

BASE_DIR = Path(__file__).resolve().parents[2]
# Only a hang takes longer, on the busiest machine too.
START_SECONDS = 600


def free_port() -> int:
    """A port P where P, P+1 and P+25 are free."""
    for port in range(20_000 + os.getpid() % 10_000, 60_000, 50):
        try:
            for each in (port, port + 1, port + 25):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
        except OSError:
            continue
        return port
    raise AssertionError("no free ports")


@dataclass
class Clone:
    """A copy of the project, as a newcomer's."""

    folder: Path
    port: int

    @property
    def data(self) -> Path:
        return self.folder / ".data"

    @property
    def log(self) -> Path:
        return self.folder.parent / "make.log"

    def make(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``make``; what it prints goes to :attr:`log`."""
        kept = ("PATH", "HOME", "LANG", "TMPDIR")
        environment = {key: os.environ[key] for key in kept if key in os.environ} | {
            "PORT": str(self.port),
            "SIMULATE": "0",
        }
        with self.log.open("wb") as log:
            return subprocess.Popen(
                ["make", *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(
        self, until: str = "Pushcart is ready at http://127.0.0.1:", households: int = 12
    ) -> subprocess.Popen[bytes]:
        """``make demo`` until it says ``until``: by default that it is ready."""
        running = self.make("demo", f"HOUSEHOLDS={households}")
        deadline = time.monotonic() + START_SECONDS
        while until not in self.log.read_text():
            assert running.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return running

    def kill(self, running: subprocess.Popen[bytes]) -> None:
        """SIGKILL of ``make`` and everything that it started."""
        maker = psutil.Process(running.pid)
        for process in [maker, *maker.children(recursive=True), *self.processes()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        running.wait(10)

    def processes(self) -> list[psutil.Process]:
        """What runs of this demo."""
        return processes.leftovers(self.data.resolve())
