"""Events that belong to a transaction: an order and its ``order_completed`` are written together or not at all.

:func:`put` stores the event in the table and in the outbox; :func:`relay` puts it on the stream for the other consumers, after
the commit and again by a tick. A crash between the two appends it twice: consumers go by the event's id.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec
import structlog
from django.db import transaction

from shop import valkey
from shop.events import stream
from shop.events.models import Event, OutboxEvent
from shop.events.types import StoredEvent

log = structlog.get_logger(__name__)

BATCH = 200
# An order whose payment a bank confirms later than that says nothing of who is at its browser by then.
TOLD_AT_ONCE = timedelta(minutes=5)


def put(event: StoredEvent) -> None:
    """Store ``event`` as part of the caller's transaction; relayed when that commits.

    Raises:
        TransactionManagementError: there is no transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("outbox.put belongs inside transaction.atomic()")
    columns = {field.attname: getattr(event, field.attname) for field in Event._meta.concrete_fields}
    Event.objects.bulk_create([Event(**columns)], ignore_conflicts=True)
    OutboxEvent.objects.bulk_create(
        [OutboxEvent(event_id=event.id, body=msgspec.to_builtins(event))], ignore_conflicts=True
    )
    transaction.on_commit(_relay_soon, robust=True)


def _relay_soon() -> None:
    try:
        relay()
    except valkey.AWAY as error:
        log.warning("outbox_waits", reason=str(error))


def relay() -> int:
    """Put waiting events on the stream, oldest first; any number of callers at once. Returns how many.

    Raises:
        the exceptions of ``valkey.AWAY``: they stay in the outbox.
    """
    relayed = 0
    while True:
        with transaction.atomic():
            rows = list(OutboxEvent.objects.select_for_update(skip_locked=True).order_by("created_at")[:BATCH])
            if not rows:
                return relayed
            events = [msgspec.convert(row.body, StoredEvent) for row in rows]
            late = (event.id for event in events if event.received_at - event.occurred_at > TOLD_AT_ONCE)
            stream.append(events, elsewhere=frozenset(late))
            OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).delete()
        relayed += len(rows)
