"""``make demo`` in a folder with an awkward name: it starts, stops without a trace however it is told to, and survives SIGKILL."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from config import embedded, processes

BASE_DIR = Path(__file__).resolve().parents[2]
START_SECONDS = 240
pytestmark = [
    pytest.mark.slow,
    pytest.mark.kill,
    pytest.mark.skipif(shutil.which("make") is None, reason="no make here"),
]


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

    def start(self) -> subprocess.Popen[bytes]:
        """``make demo`` until it is ready."""
        running = self.make("demo", "HOUSEHOLDS=12")
        deadline = time.monotonic() + START_SECONDS
        while f"Pushcart is ready at http://127.0.0.1:{self.port}" not in self.log.read_text():
            assert running.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return running

    def processes(self) -> list[psutil.Process]:
        """What runs of this demo."""
        return processes.leftovers(self.data.resolve())


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Iterator[Clone]:
    """The project in a path of more than 150 characters with spaces."""
    folder = tmp_path_factory.mktemp("demo") / "a shop" / ("long name " * 12).strip()
    folder.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=BASE_DIR, capture_output=True, check=False
    )
    names = [name for name in listed.stdout.decode().split("\0") if name and (BASE_DIR / name).is_file()]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(BASE_DIR / name, folder / name)
    (folder / ".venv").symlink_to((BASE_DIR / ".venv").resolve())
    assert len(str(folder)) > 150
    made = Clone(folder, free_port())
    yield made
    made.make("stop").wait(120)
    shutil.rmtree(embedded.socket_dir(made.data.resolve()), ignore_errors=True)


def test_it_starts_on_local_addresses_only_and_a_closed_terminal_ends_all_of_it(clone: Clone):
    running = clone.start()
    started = clone.processes()
    assert len(started) > 10
    assert {
        connection.laddr.ip
        for process in started
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    } == {"127.0.0.1"}
    assert "DEBUG=1" in (clone.folder / ".env").read_text()
    os.killpg(running.pid, signal.SIGHUP)
    running.wait(90)
    assert clone.processes() == []


def test_after_sigkill_of_everything_the_next_start_recovers_within_seconds_and_ctrl_c_ends_it(clone: Clone):
    first = clone.start()
    for process in [psutil.Process(first.pid), *psutil.Process(first.pid).children(), *clone.processes()]:
        process.kill()
    first.wait(10)
    again = clone.start()
    os.killpg(again.pid, signal.SIGINT)
    again.wait(90)
    assert clone.processes() == []


def test_supervisord_killed_alone_leaves_orphans_that_the_next_start_ends(clone: Clone):
    first = clone.start()
    maker = psutil.Process(first.pid)
    supervisors = [p for p in [maker, *maker.children(recursive=True)] if "supervisor.supervisord" in p.cmdline()]
    for process in [*supervisors, *maker.children(), maker]:
        process.kill()
    first.wait(10)
    orphans = {process.pid for process in clone.processes()}
    again = clone.start()
    assert not orphans & {process.pid for process in clone.processes()}
    stop = clone.make("stop")
    assert stop.wait(90) == 0
    again.wait(10)
    assert clone.processes() == []


def test_a_taken_port_is_named_with_what_to_type(clone: Clone):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", clone.port))
        taken.listen()
        refused = clone.make("demo")
        assert refused.wait(60) != 0
    assert f"port {clone.port} (the shop) cannot be used" in clone.log.read_text()
    assert f"(pid {os.getpid()}, in " in clone.log.read_text()
    assert f"PORT={clone.port + 100} make demo" in clone.log.read_text()
    assert clone.processes() == []


def test_reset_does_not_remove_anything_unasked(clone: Clone):
    assert clone.make("reset").wait(60) != 0
    assert "YES=1 make reset" in clone.log.read_text()
    assert (clone.data / "postgres").is_dir()
    assert clone.make("reset", "YES=1").wait(60) == 0
    assert not clone.data.exists()
