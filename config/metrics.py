"""``/metrics`` for Prometheus: requests as django-prometheus counts them, and the figures of ``config.measures``.

Several web workers answer for all of them: with ``PROMETHEUS_MULTIPROC_DIR`` set (the demo does) each process counts in
a file of its own, and whichever is asked adds them up. Figures that lie in Valkey and PostgreSQL are read when they are asked for.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import prometheus_client
import redis
import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from config import measures
from config.version import VERSION
from shop import valkey

log = structlog.get_logger(__name__)


def _gauge(name: str, text: str, values: Mapping[Any, float], labels: tuple[str, ...] = ()) -> Metric:
    """A gauge family from values by the tuple of their labels."""
    family = GaugeMetricFamily(f"pushcart_{name}", text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _from_valkey() -> Iterator[Metric]:
    lags = measures.stream_lags(valkey.client())
    queues = measures.queue_lengths(valkey.client())
    waiting = {(lag.group,): float(lag.waiting) for lag in lags}
    pending = {(lag.group,): float(lag.pending) for lag in lags}
    yield _gauge("stream_lag", "Events not yet handed to a consumer of the group.", waiting, ("group",))
    yield _gauge("stream_pending", "Events handed over and not acknowledged.", pending, ("group",))
    lengths = {(queue,): float(length) for queue, length in queues.items()}
    yield _gauge("queue_length", "Tasks that wait in a Celery queue.", lengths, ("queue",))


def _from_postgres() -> Iterator[Metric]:
    age = measures.message_queue_age()
    yield _gauge("message_queue_age_seconds", "How long the oldest due message has waited.", {(): age})
    uncertain = float(measures.messages_uncertain())
    yield _gauge("messages_uncertain", "Messages of which nobody knows whether they were sent.", {(): uncertain})
    outbox = measures.outbox_age()
    yield _gauge("outbox_age_seconds", "How long the oldest event has waited for the stream.", {(): outbox})
    poison = float(measures.poison_events())
    yield _gauge("events_poison", "Events set aside because they could not be stored.", {(): poison})
    ages = measures.champion_ages()
    yield _gauge("model_age_seconds", "Since the champion of the slot was trained.", ages, ("slot", "algorithm"))


class PushcartCollector:
    """Prometheus collector of the figures that lie in the servers; a server that is away is a metric, not an error."""

    def collect(self) -> Iterator[Metric]:
        """One family after the other; ``pushcart_source_up`` says what could be read."""
        yield _gauge("build_info", "The version that runs.", {(VERSION,): 1.0}, ("version",))
        sources: dict[str, Callable[[], Iterator[Metric]]] = {"valkey": _from_valkey, "postgres": _from_postgres}
        up = {}
        for name, source in sources.items():
            try:
                yield from list(source())
                up[(name,)] = 1.0
            except (redis.RedisError, DatabaseError) as error:
                log.warning("metrics_source_away", source=name, error=type(error).__name__)
                up[(name,)] = 0.0
        yield _gauge("source_up", "Whether the server answered this scrape.", up, ("source",))


def _registry() -> prometheus_client.CollectorRegistry:
    registry = prometheus_client.CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(prometheus_client.REGISTRY)
    registry.register(PushcartCollector())
    return registry


def metrics(request: HttpRequest) -> HttpResponse:
    """The scrape. In production it wants ``Authorization: Bearer METRICS_TOKEN``; without a token set there is no page."""
    if not settings.DEBUG and not _allowed(request):
        return HttpResponse("not found\n", status=404, content_type="text/plain")
    page = prometheus_client.generate_latest(_registry())
    return HttpResponse(page, content_type=prometheus_client.CONTENT_TYPE_LATEST)


def _allowed(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(
        given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()
    )
