"""A server runs as long as somebody holds its lock."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

from config.embedded.binaries import EmbeddedError


def take_lock(path: Path, wait: float) -> int:
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
