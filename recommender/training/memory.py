"""How much memory a training may take, and how much it took."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STATUS = Path("/proc/self/status")


@contextmanager
def bounded(most_mb: int) -> Iterator[None]:
    """Refuse this process more data than ``most_mb`` (0: no bound): what asks for more fails with MemoryError, alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = most_mb * 1024 * 1024
    if not wanted or (soft != resource.RLIM_INFINITY and soft <= wanted):
        yield
        return
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def forget_peak() -> None:
    """Count the peak from here on, where the kernel allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_mb() -> int:
    """The most this process held in memory at once, mapped files included."""
    # Where there is no /proc, the system's own count stands in: it knows no forgetting.
    with suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
