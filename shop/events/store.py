"""The consumer that stores: COPY into a temporary table, then INSERT ... ON CONFLICT DO NOTHING, one transaction a batch.

Acknowledged after the commit, so a crash between the two stores nothing twice: the id of an event is that of its retry.
"""

from __future__ import annotations

import io
from typing import Any

import msgspec
from django.db import connection, transaction

from shop.events.consumers import Consumer
from shop.events.stream import StreamEntry
from shop.events.types import StoredEvent

COLUMNS = StoredEvent.__struct_fields__
_COLUMN_LIST = ", ".join(COLUMNS)
_TEMPORARY = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_event (LIKE shop_event INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
)
_COPY = f"COPY incoming_event ({_COLUMN_LIST}) FROM STDIN"
_INSERT = f"INSERT INTO shop_event ({_COLUMN_LIST}) SELECT {_COLUMN_LIST} FROM incoming_event ON CONFLICT DO NOTHING"
# An event of the outbox was stored in its transaction, before the stream knew its session.
_FILL_SESSION = """
UPDATE shop_event SET session_id = incoming_event.session_id FROM incoming_event
WHERE shop_event.id = incoming_event.id AND shop_event.session_id = '' AND incoming_event.session_id <> ''
"""
# COPY's text format: tab between columns, \N for NULL, backslashes doubled.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_to_json = msgspec.json.Encoder().encode


class StoreConsumer(Consumer):
    """Writes events to ``shop_event``."""

    group = "store"

    def handle(self, entries: list[StreamEntry]) -> None:
        """Store ``entries`` in one transaction.

        Raises:
            msgspec.DecodeError, django.db.DataError: an entry cannot be stored.
            django.db.OperationalError: the database is away, or its disk is full.
        """
        store([entry.event() for entry in entries])


def store(events: list[StoredEvent]) -> int:
    """Store those of ``events`` that are not stored yet; return how many that were."""
    events.sort(key=lambda event: event.id.int)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TEMPORARY)
        # Django leaves the driver's own errors of this call as they are: a full disk would look like a bad entry.
        with connection.wrap_database_errors:
            cursor.copy_expert(_COPY, io.StringIO("".join([_line(event) for event in events])))
        cursor.execute(_INSERT)
        stored: int = cursor.rowcount
        if stored < len(events):
            cursor.execute(_FILL_SESSION)
    return stored


def _line(event: StoredEvent) -> str:
    """One event as a line of COPY."""
    texts: tuple[Any, ...] = (
        event.id,
        event.message_id.translate(_ESCAPES),
        event.type,
        event.occurred_at.isoformat(),
        event.received_at.isoformat(),
        event.visitor_id.translate(_ESCAPES),
        event.shopper_id.translate(_ESCAPES),
        event.session_id,
        event.product_id.translate(_ESCAPES),
        "\\N" if event.quantity is None else event.quantity,
        "\\N" if event.value is None else event.value,
        event.query.translate(_ESCAPES),
        "\\N" if event.slate_id is None else event.slate_id,
        event.caused_by.translate(_ESCAPES),
        _to_json(event.properties).decode().replace("\\", "\\\\") if event.properties else "{}",
        event.source,
        "t" if event.simulated else "f",
    )
    return "\t".join(map(str, texts)) + "\n"
