"""Where the servers of a data folder keep their data, and how they are reached."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from config.embedded.binaries import NOBODY, EmbeddedError

BASE_DIR = Path(__file__).resolve().parents[2]


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
