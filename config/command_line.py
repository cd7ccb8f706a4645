"""``manage.py``: Django's command line, with a line instead of a traceback where a server is away or the tables are missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import redis
from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import DatabaseError
from kombu.exceptions import OperationalError as BrokerError

# What PostgreSQL calls a table and a column that are not there.
NOT_MIGRATED = ("42P01", "42703")


def main(arguments: Sequence[str]) -> None:
    """Run a command; ``--traceback`` shows where it failed."""
    try:
        execute_from_command_line(list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has enough (`| head`); without this Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (DatabaseError, redis.RedisError, BrokerError) as error:
        if "--traceback" in arguments:
            raise
        command = arguments[1] if len(arguments) > 1 else "help"
        print(f"manage.py {command}: {explain(error)}", file=sys.stderr)
        sys.exit(1)


def explain(error: Exception) -> str:
    """What happened and what to type, in one line."""
    said = str(error).strip().partition("\n")[0] or type(error).__name__
    start = "`make demo` starts it" if settings.DEBUG else "start it, or correct"
    if not isinstance(error, DatabaseError):
        return f"Valkey does not answer: {said} ({start}{'' if settings.DEBUG else ' REDIS_URL'})"
    code = getattr(error.__cause__, "pgcode", None)
    if code in NOT_MIGRATED:
        return f"the tables are missing or old: manage.py migrate ({said})"
    if code is None:
        return f"PostgreSQL does not answer: {said} ({start}{'' if settings.DEBUG else ' DATABASE_URL'})"
    return f"PostgreSQL refused: {said} (--traceback shows where)"
