"""The log of the embedded Valkey, written through to the disk each second.

Valkey writes each accepted event to its append-only file before it answers, so a SIGKILL loses nothing; a power cut takes what the
kernel has not put on the disk yet. docs/decisions/0010-what-survives-a-kill.md says why Valkey does not do this itself.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def sync_log(folder: Path) -> None:
    """Put the newest append-only file in ``folder`` on the disk; nothing where there is none (Valkey runs elsewhere)."""
    files = sorted(folder.glob("*.incr.aof"), key=lambda path: path.stat().st_mtime_ns) if folder.is_dir() else []
    # A rewrite may have replaced it meanwhile: then the new one is synced in a second.
    with contextlib.suppress(FileNotFoundError):
        for path in files[-1:]:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
