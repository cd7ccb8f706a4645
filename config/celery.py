"""Celery: queues ``default``, ``train`` and ``delivery``, and the ticks of beat.

Beat only ticks: whatever is due lies as a row in Postgres and is found by the tick's task.
"""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery, signals
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Celery runs Django's checks and throws away what they find; what must refuse to start does so below.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
app = Celery("pushcart")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["push.results"])
# A task's log lines carry the id of the request that asked for it.
app.steps["worker"].add(DjangoStructLogInitStep)


@signals.setup_logging.connect
def _log_like_the_web(**kwargs: Any) -> None:
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@signals.celeryd_init.connect
@signals.beat_init.connect
def _refuse_unsafe_configuration(**kwargs: Any) -> None:
    from config.checks import require_safe_configuration

    require_safe_configuration()


# Name: (task, seconds between two ticks).
TICKS: dict[str, tuple[str, float]] = {
    "partitions of the events": ("shop.make_event_partitions", 6 * 3600),
    "answers remembered for a retry": ("shop.forget_idempotent_answers", 3600),
    "log-ins that have run out": ("shop.forget_ended_sessions", 3600),
    "hidden products that Valkey lost": ("shop.refill_hidden", 60),
    "who declined, where Valkey lost it": ("shop.refill_declined", 60),
    "outbox of the orders": ("shop.relay_outbox", 5),
    "mails about orders": ("shop.send_order_mails", 15),
    "orders whose bank never answered": ("shop.cancel_unpaid_orders", 600),
    "sums of events": ("shop.refresh_rollups", 30),
    "sums of slates": ("recommender.refresh_rollups", 30),
    "slates that are kept no longer": ("recommender.forget_slates", 3600),
    "impressions of products": ("recommender.count_impressions", 300),
    "sessions that ended": ("recommender.collect_sessions", 20),
    "products that are new": ("recommender.collect_newcomers", 10),
    "bandits: learn from clicks": ("recommender.learn_from_clicks", 60),
    "experiments: results of those that run": ("recommender.refresh_experiments", 60),
    "models: train when due": ("recommender.train_when_due", 60),
    "last touches of orders": ("push.attribute", 60),
    "campaigns: plan what is due": ("push.plan", 10),
    "campaigns: dispatch what is due": ("push.dispatch_due", 3),
    "campaigns: ended leases, uncertain messages": ("push.settle", 15),
}

app.conf.beat_schedule = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 10)}}
    for name, (task, seconds) in TICKS.items()
}
