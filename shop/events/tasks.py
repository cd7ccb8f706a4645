"""Ticks of the events."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from shop import clock
from shop.events import outbox, partitions, rollups


@shared_task(name="shop.make_event_partitions")
def make_event_partitions() -> None:
    """See to the partitions of this month and the next two."""
    partitions.ensure_partitions(clock.now(), clock.now() + timedelta(days=62))


@shared_task(name="shop.relay_outbox")
def relay_outbox() -> None:
    """Put on the stream what a crash or an absence of Valkey left in the outbox."""
    outbox.relay()


@shared_task(name="shop.refresh_rollups")
def refresh_rollups() -> None:
    """Bring the sums of events by hour and sessions by day up to date."""
    rollups.refresh()
