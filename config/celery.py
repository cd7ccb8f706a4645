"""Celery: queues ``default``, ``train`` and ``delivery``, and the ticks of beat.

Beat only ticks: whatever is due lies as a row in Postgres and is found by the tick's task.
"""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("pushcart")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Name: (task, seconds between two ticks).
TICKS: dict[str, tuple[str, float]] = {
    "partitions of the events": ("shop.make_event_partitions", 6 * 3600),
    "outbox of the orders": ("shop.relay_outbox", 5),
}

app.conf.beat_schedule = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 10)}}
    for name, (task, seconds) in TICKS.items()
}
