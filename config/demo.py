"""The demo: everything on this machine, started by one command and stopped by one key.

Commands (``make demo``, ``make stop``, ``make reset``)::

    python -m config.demo up        prepare what is missing, start every process, stay until Ctrl-C or SIGTERM
    python -m config.demo stop      stop it from elsewhere
    python -m config.demo reset     stop it and remove its data (asks first)
    python -m config.demo status    what runs

Each step can be killed and run again. What is started: ``supervisord.conf``. Only local addresses are used.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from config import embedded, processes, translations
from config.embedded.binaries import EmbeddedError
from config.machine import DemoError, check_machine, claimed_ports
from config.supervision import STOP_SECONDS, Supervisor, end_with_parent, programs, readiness, wait_until_ready

BASE_DIR = Path(__file__).resolve().parent.parent
ENV_FILE = BASE_DIR / ".env"
SERVERS = ("postgres", "valkey")
LOGINS = (
    ("shopper", "anna@pushcart.example", "pushcart-demo"),
    ("shopper, in Chinese", "wei@pushcart.example", "pushcart-demo"),
    ("operator, at /admin/", "operator@pushcart.example", "pushcart-demo"),
)


class Stopped(BaseException):
    """Somebody asked to stop: Ctrl-C, SIGTERM, or the terminal was closed."""


def say(line: str = "") -> None:
    """Print a line; a closed terminal is no error."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is done now and, when it is done, how long it took."""
    say(f"  {name} ...")
    began = time.monotonic()
    yield
    say(f"  {name}: {time.monotonic() - began:.1f} s")


def write_env(settings: Any) -> None:
    """Write ``.env`` where there is none, of settings that were found right; one that exists is the operator's."""
    if not ENV_FILE.exists():
        ENV_FILE.write_text(f"# Written by `make demo`; yours to change.\nDEBUG=1\nPORT={settings.PORT}\n")


def find_settings() -> Any:
    """Django's settings, with the demo's environment; says what is wrong with it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if not ENV_FILE.exists():
        os.environ.setdefault("DEBUG", "1")
    from django.conf import settings

    from config.checks import configuration_problems

    if not settings.DEBUG:
        raise DemoError(
            "DEBUG is off (.env or the environment): the demo is no shop to run in production. Remove .env, or use another clone"
        )
    problems = [f"{name} {remedy}" for name, remedy in configuration_problems()]
    if problems:
        raise DemoError("\nmake demo: ".join(problems))
    return settings


def demo_environment(settings: Any) -> dict[str, str]:
    """The environment of every process of the demo."""
    data: Path = settings.DATA_DIR
    return os.environ | {
        processes.MARK: str(data),
        "PUSHCART_DATA": str(data),
        "PUSHCART_RUN": str(embedded.socket_dir(data)),
        "PUSHCART_PYTHON": sys.executable,
        "PORT": str(settings.PORT),
        "LIVE_PORT": str(settings.LIVE_PORT),
        "PYTHONUNBUFFERED": "1",
        "PROMETHEUS_MULTIPROC_DIR": str(data / "prometheus"),
    }


def run_step(arguments: Sequence[str], environment: dict[str, str]) -> None:
    """Run ``manage.py`` with ``arguments``; the terminal shows what it says."""
    child = subprocess.Popen(
        [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
        env=environment,
        cwd=BASE_DIR,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )
    try:
        status = child.wait()
    except BaseException:
        _end_child(child)
        raise
    if status:
        raise DemoError(
            f"`manage.py {' '.join(arguments)}` failed with status {status}, see above; make demo goes on from here"
        )


def _end_child(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def compile_kernels(environment: dict[str, str], log: Path) -> None:
    """Begin to compile kernels that are not, beside everything else: the other core has little to do while goods are loaded."""
    with log.open("wb") as said:
        subprocess.Popen(
            [sys.executable, str(BASE_DIR / "manage.py"), "compile_kernels", "--missing"],
            env=environment,
            cwd=BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent_and_yield,
        )


def _end_with_parent_and_yield() -> None:
    end_with_parent()
    os.nice(19)


def prepare(environment: dict[str, str], households: int | None) -> None:
    """Everything between the servers and the processes: texts, tables, goods, models, campaigns."""
    translations.compile_all()
    size = ["--households", str(households)] if households else []
    # One process for all of it: starting Python and Django four times takes longer than finding that nothing is to do.
    run_step(["prepare_demo", *size], environment)


def start(settings: Any, environment: dict[str, str], supervisor: Supervisor, households: int | None) -> None:
    """Start servers, data and processes, each when what it needs is there."""
    servers = [] if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL") else list(SERVERS)
    compile_kernels(environment, settings.DATA_DIR / "logs" / "kernels.log")
    with step("PostgreSQL and Valkey"):
        supervisor.start(servers)
        pids = {server: supervisor.pid(server) for server in servers}
        for server in servers:
            # Supervisor would start it again and again.
            embedded.wait_ready(
                settings.DATA_DIR,
                server,
                ended=lambda server=server: supervisor.pid(server) != pids[server],  # type: ignore[misc]
                log=settings.DATA_DIR / "logs" / f"{server}.log",
            )
    prepare(environment, households)
    with step("processes"):
        supervisor.start([name for name in programs(settings) if name != "simulate"])
        wait_until_ready(settings, supervisor)
        supervisor.start([name for name in programs(settings) if name == "simulate"])


def announce(settings: Any, seconds: float) -> None:
    """The line everybody waits for, and what to do next."""
    url = f"http://127.0.0.1:{settings.PORT}"
    say()
    say(f"Pushcart is ready at {url}")
    say()
    for who, email, password in LOGINS:
        say(f"  {email:28} {password:16} {who}")
    say()
    say(f"  {url}/             shop a little: look at two products of a kind, go home again")
    say(f"  {url}/mailbox/     the e-mails that the demo sends")
    say(f"  {url}/admin/       what it did: traffic, models, campaigns")
    say(f"  {url}/api/v1/docs/ the API; demo keys {settings.DEMO_PUBLISHABLE_KEY}, {settings.DEMO_API_SECRET_KEY}")
    say()
    say(f"Started in {seconds:.0f} s. Ctrl-C stops everything; so does `make stop` from elsewhere.")


def _ask_to_stop(number: int, frame: FrameType | None) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    raise Stopped


def listen_for_the_end() -> None:
    """Ctrl-C, SIGTERM and a closed terminal raise :class:`Stopped`, once; ``nohup`` is respected."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if name != signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, _ask_to_stop)


def up(households: int | None = None) -> int:
    """Prepare, start, stay; 0 after a stop that was asked for."""
    began = time.monotonic()
    listen_for_the_end()
    try:
        settings = find_settings()
        with processes.only_one(settings.DATA_DIR, settings.PORT):
            return _up_alone(settings, began, households)
    except processes.AlreadyRunning as other:
        raise DemoError(f"already running at http://127.0.0.1:{other}: `make stop` stops it") from None
    except Stopped:
        return 0


def _up_alone(settings: Any, began: float, households: int | None) -> int:
    left = processes.leftovers(settings.DATA_DIR)
    if left:
        with step(f"ending {len(left)} processes left over from a demo that was killed"):
            processes.end(left)
    check_machine(settings)
    with claimed_ports(settings):
        # Not before: a port that is taken is none to come back to.
        write_env(settings)
        return _up_on_its_ports(settings, began, households)


def _up_on_its_ports(settings: Any, began: float, households: int | None) -> int:
    environment = demo_environment(settings)
    (settings.DATA_DIR / "logs").mkdir(exist_ok=True)
    # Counters begin anew with the processes that count.
    shutil.rmtree(settings.DATA_DIR / "prometheus", ignore_errors=True)
    (settings.DATA_DIR / "prometheus").mkdir()
    embedded.private_socket_dir(settings.DATA_DIR)
    supervisor: Supervisor | None = None
    try:
        supervisor = Supervisor(environment)
        start(settings, environment, supervisor, households)
        announce(settings, time.monotonic() - began)
        status = supervisor.process.wait()
        said = "".join(f": {line}" for line in list(supervisor.last_words)[-1:])
        say(f"supervisord ended with {status}{said} (the whole log: {settings.DATA_DIR / 'logs' / 'supervisord.log'})")
        return 1
    finally:
        # A second Ctrl-C must not break off the orderly stop.
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        say("Stopping ...")
        if supervisor is not None:
            supervisor.stop()
        processes.end(processes.leftovers(settings.DATA_DIR))
        embedded.tidy_sockets(settings.DATA_DIR)
        say("Stopped.")


def stop() -> int:
    """Stop the demo of this clone from elsewhere, and whatever a killed one left."""
    data = embedded.data_dir()
    pid, _port = processes.running(data)
    if pid:
        os.kill(pid, signal.SIGTERM)
        if not processes.wait_for_end(data, STOP_SECONDS + 30):
            raise DemoError(f"process {pid} does not stop: kill -9 {pid}, then `make stop` again")
    left = processes.leftovers(data)
    processes.end(left)
    say("Stopped." if pid or left else "Nothing was running.")
    return 0


def reset(*, sure: bool) -> int:
    """Remove everything the demo wrote, after a question."""
    data = embedded.data_dir()
    if not data.exists():
        say("Nothing to remove.")
        return 0
    if not sure:
        if not sys.stdin.isatty():
            raise DemoError("this removes the demo's data: confirm with YES=1 make reset")
        if input(f"Remove {data} with all orders, events and models of the demo? [y/N] ").strip().lower() not in (
            "y",
            "yes",
        ):
            say("Nothing was removed.")
            return 1
    stop()
    embedded.tidy_sockets(data)
    shutil.rmtree(data)
    say(f"Removed {data}. `make demo` starts over.")
    return 0


def status() -> int:
    """Print what runs; 0 when the demo is up and ready."""
    settings = find_settings()
    pid, port = processes.running(settings.DATA_DIR)
    if not pid:
        say("not running")
        return 1
    code, body = readiness(port)
    say(f"running (pid {pid}) at http://127.0.0.1:{port}: {'ready' if code == 200 else 'not ready'}")
    if body and code != 200:
        with contextlib.suppress(ValueError):
            body = json.dumps(json.loads(body), indent=2)
        say(body)
    return 0 if code == 200 else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m config.demo", description="The demo of Pushcart")
    parser.add_argument("action", choices=["up", "stop", "reset", "status"])
    parser.add_argument("--yes", action="store_true", help="reset without asking")
    parser.add_argument("--households", type=int, help="load a smaller shop (default: all 2 469)")
    options = parser.parse_args(arguments)
    actions: dict[str, Callable[[], int]] = {
        "up": lambda: up(options.households),
        "stop": stop,
        "reset": lambda: reset(sure=options.yes),
        "status": status,
    }
    try:
        return actions[options.action]()
    except (DemoError, EmbeddedError) as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
