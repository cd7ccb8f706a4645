"""One training at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


class AlreadyTraining(Exception):
    """Another process is training."""


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the advisory lock of trainings; it goes with the connection, so a killed training leaves none.

    Raises:
        AlreadyTraining: somebody else holds it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('pushcart training'))")
        if not cursor.fetchone()[0]:
            raise AlreadyTraining("another training is running: see the models page, or wait for it")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('pushcart training'))")
