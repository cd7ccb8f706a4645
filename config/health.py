"""``/livez``, ``/readyz`` and ``/metrics``: is this process alive, can it serve, and its figures.

``/livez`` touches nothing: a slow database must not make a supervisor kill web processes. ``/readyz`` answers 503 with
every reason at once. They stand before all other middleware: a probe comes by address, not by the shop's host name, and
brings no session.
"""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from config import measures
from config.metrics import metrics
from config.version import VERSION
from shop import valkey

# With more than this before the slowest consumer group, what shoppers do is minutes old when it counts.
STREAM_LAG_LIMIT = 100_000


def database_problem() -> str:
    """Empty, or why PostgreSQL cannot be used."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"PostgreSQL does not answer: {_first_line(error)}"
    return ""


_migrated = False


def migrations_problem() -> str:
    """Empty, or how many migrations are missing; asked until there are none, then remembered by the process."""
    global _migrated
    if _migrated:
        return ""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unknown, PostgreSQL does not answer"
    _migrated = not missing
    return f"{len(missing)} not applied: manage.py migrate" if missing else ""


def valkey_problem() -> str:
    """Empty, or why Valkey cannot be used."""
    try:
        valkey.client().ping()
    except redis.RedisError as error:
        return f"Valkey does not answer: {_first_line(error)}"
    return ""


def stream_problem() -> str:
    """Empty, or which consumer group is too far behind."""
    try:
        lags = measures.stream_lags(valkey.client())
    except redis.RedisError:
        return "unknown, Valkey does not answer"
    late = [f"{lag.group} is {lag.behind} entries behind" for lag in lags if lag.behind > STREAM_LAG_LIMIT]
    return "; ".join(late)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def models_problem() -> str:
    """Empty, or what this process has yet to load before it can recommend."""
    # Imported late: commands that only probe need no models.
    from recommender import serving

    if not serving.started():
        # No server of ours: nobody else loads them.
        serving.warm_up()
    return serving.ready()[1]


CHECKS: dict[str, Callable[[], str]] = {
    "database": database_problem,
    "migrations": migrations_problem,
    "valkey": valkey_problem,
    "stream": stream_problem,
    "models": models_problem,
}


def livez(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 with the reason of each check that failed: ``{"ready": false, "version": ..., "checks": {"valkey": "..."}}``."""
    results = {name: check() for name, check in CHECKS.items()}
    ready = not any(results.values())
    body = {"ready": ready, "version": VERSION, "checks": {name: reason or "ok" for name, reason in results.items()}}
    return JsonResponse(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


PAGES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/livez": livez, "/readyz": readyz, "/metrics": metrics}


class HealthMiddleware:
    """Answer the pages of this module before anything else is asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """A page of ours, or what comes next."""
        page = PAGES.get(request.path)
        return page(request) if page else self.get_response(request)
