"""Something that happens in another thread, on a connection of its own, and may have to wait for this one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, connections


class Work(threading.Thread):
    """Runs ``act``; what it raises is kept."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.act = act
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.act()
        except BaseException as error:
            self.failure = error
        finally:
            connections.close_all()


@contextmanager
def at_work(act: Callable[[], object]) -> Iterator[Work]:
    """``act``, to be started within the block; it must end, and well, after it."""
    work = Work(act)
    yield work
    work.join(60)
    assert not work.is_alive()
    if work.failure is not None:
        raise work.failure


def until_it_waits(work: Work) -> None:
    """Return when ``work`` waits for a lock in the database, or has ended without."""
    deadline = time.monotonic() + 60
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while work.is_alive():
        with connection.cursor() as cursor:
            # Within a transaction statistics are those of the first look.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < deadline
        time.sleep(0.01)
