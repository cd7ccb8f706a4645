"""``/livez`` and ``/readyz``: is this process alive, and can it serve.

``/livez`` touches nothing: a full database must not make a supervisor kill web processes. ``/readyz`` answers 503 with every reason
at once; its checks are those of ``manage.py doctor`` that serving needs.
"""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

# More than this in the stream before the slowest consumer group: what shoppers do arrives late.
STREAM_LAG_LIMIT = 100_000


def database() -> str:
    """Empty, or why PostgreSQL cannot be used."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"PostgreSQL does not answer: {_first_line(error)}"
    return ""


def migrations() -> str:
    """Empty, or how many migrations are missing."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unknown: PostgreSQL does not answer"
    return f"{len(missing)} migrations are not applied: manage.py migrate" if missing else ""


def valkey() -> str:
    """Empty, or why Valkey cannot be used."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError as error:
        return f"Valkey does not answer: {_first_line(error)}"
    finally:
        client.close()
    return ""


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


CHECKS: dict[str, Callable[[], str]] = {"database": database, "migrations": migrations, "valkey": valkey}


def livez(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200, or 503 with the reason of each check that failed: ``{"ready": false, "checks": {"valkey": "..."}}``."""
    results = {name: check() for name, check in CHECKS.items()}
    ready = not any(results.values())
    body = {"ready": ready, "checks": {name: reason or "ok" for name, reason in results.items()}}
    return JsonResponse(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})
