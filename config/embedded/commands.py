"""The commands that serve PostgreSQL and Valkey in the foreground, and what must be there before."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from config.embedded.binaries import NOBODY, EmbeddedError, as_unprivileged, postgres_bin, valkey_bin
from config.embedded.places import private_socket_dir


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
