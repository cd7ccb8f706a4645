"""One clock for everything: tests and simulations replace it, nothing else asks for the time.

Times are timezone-aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_time: Callable[[], datetime] = _system_time


def now() -> datetime:
    """The current time, aware, in UTC."""
    return _time()


def now_ms() -> int:
    """The current time in whole milliseconds since the Unix epoch."""
    return ms_of(_time())


def ms_of(moment: datetime) -> int:
    """An aware moment in whole milliseconds since the Unix epoch."""
    return int(moment.timestamp() * 1000)


@contextmanager
def replaced(time: Callable[[], datetime]) -> Iterator[None]:
    """Let ``time`` tell the time within a ``with`` block of this process."""
    global _time
    before, _time = _time, time
    try:
        yield
    finally:
        _time = before
