"""What the demo needs of the machine, asked before anything is started: room on the disk, free ports."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config import processes

# What a loaded demo takes, and what one that is loaded needs to go on.
DATA_BYTES = 1_500_000_000
SPARE_BYTES = 200_000_000


class DemoError(RuntimeError):
    """The demo cannot go on; the message says why and what to type."""


def free_bytes(folder: Path) -> int:
    """Room on the disk of ``folder`` for this user."""
    return shutil.disk_usage(folder).free


def size_of(folder: Path) -> int:
    """Bytes that the files below ``folder`` take; what vanishes meanwhile counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512  # noqa: PTH118 - thousands of files
    return total


def check_machine(settings: Any) -> None:
    """Refuse early, with the remedy: no room on the disk, a port that is taken."""
    free = free_bytes(settings.DATA_DIR)
    needed = max(SPARE_BYTES, DATA_BYTES - size_of(settings.DATA_DIR))
    if free < needed:
        raise DemoError(
            f"the disk of {settings.DATA_DIR} has {free / 1e9:.1f} GB free, the demo needs {needed / 1e9:.1f} GB: "
            "make room, or set PUSHCART_DATA to a folder on another disk"
        )
    for port, what in _ports(settings):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                holder = f", held by {processes.holder_of(port)}" if error.errno == errno.EADDRINUSE else ""
                raise DemoError(
                    f"port {port} ({what}) cannot be used: {error.strerror}{holder}. "
                    f"Type PORT={_other_port(settings.PORT)} make demo{', or stop what holds it' if holder else ''}"
                ) from None


def _ports(settings: Any) -> list[tuple[int, str]]:
    return [
        (settings.PORT, "the shop"),
        (settings.LIVE_PORT, "live pages"),
        (settings.MAIL_SINK_PORT, "the demo's mail server"),
    ]


@contextlib.contextmanager
def claimed_ports(settings: Any) -> Iterator[None]:
    """Keep other demos of this machine from the ports of this one for the length of a ``with`` block.

    Between the look of :func:`check_machine` and the servers lie minutes of the first start, and the web server then shares its
    port with whoever has it too (``SO_REUSEPORT``), so each of two demos would get half of the other's visitors. A claim is a name
    that Linux frees with the process, however it ends.

    Raises:
        DemoError: another demo starts on one of them.
    """
    with contextlib.ExitStack() as claims:
        for port, what in _ports(settings) if sys.platform == "linux" else []:
            claim = claims.enter_context(socket.socket(socket.AF_UNIX))
            try:
                claim.bind(f"\0pushcart-port-{port}")
            except OSError:
                raise DemoError(
                    f"port {port} ({what}) is another demo's, which starts just now. "
                    f"Type PORT={_other_port(settings.PORT)} make demo"
                ) from None
        yield


def _other_port(port: int) -> int:
    """A port to offer: the next hundred that ordinary users may have."""
    return port + 100 if 1024 <= port < 65_400 else 8100
