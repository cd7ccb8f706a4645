"""The consumer that stores: COPY into a temporary table, then INSERT ... ON CONFLICT DO NOTHING, one transaction a batch.

Acknowledged after the commit, so a crash between the two stores nothing twice: the id of an event is that of its retry.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import msgspec
from django.db import connection, transaction

from shop import valkey
from shop.events import joining, sessions
from shop.events.consumers import Consumer
from shop.events.stream import StreamEntry
from shop.events.types import SERVERS, StoredEvent
from shop.opinions import saying

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
_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class _Texts(msgspec.Struct):
    """A :class:`StoredEvent` as it stands on the stream, its values left as the texts that PostgreSQL reads."""

    id: str
    message_id: str
    type: str
    occurred_at: str
    received_at: str
    source: str
    visitor_id: str = ""
    shopper_id: str = ""
    product_id: str = ""
    quantity: int | None = None
    value: str | float | None = None
    query: str = ""
    slate_id: str | None = None
    caused_by: str = ""
    properties: msgspec.Raw = msgspec.Raw(b"{}")
    simulated: bool = False


_read = msgspec.json.Decoder(_Texts).decode


class StoreConsumer(Consumer):
    """Writes events to ``shop_event``, and joins visitors to who they turn out to be."""

    group = "store"

    def handle(self, entries: list[StreamEntry]) -> None:
        """Store ``entries`` in one transaction.

        Raises:
            msgspec.DecodeError, django.db.DataError: an entry cannot be stored.
            django.db.OperationalError: the database is away, or its disk is full.
            the exceptions of ``valkey.AWAY``: who is vouched for cannot be told.
        """
        events = [(_read(entry.body), entry.session_id) for entry in entries]
        said = joining.who_is_who(event for event, _ in events)
        vouched = _vouched((event for event, _ in events), said) if said else set()
        # A line begins with its id: in that order two writers never wait for each other.
        lines = sorted(_line(event, session_id) for event, session_id in events)
        with transaction.atomic():
            store(lines)
            joined = joining.join(said, vouched) if said else set()
        saying.adopt_known(joined & vouched)
        joining.remember(joined & vouched)


def _vouched(events: Iterable[Any], said: dict[str, str]) -> set[tuple[str, str]]:
    """Those pairs of a visitor and a shopper that the shop vouches for, now or when the browser's session became the shopper's:
    what a browser says of itself writes on nobody's account.

    Raises:
        the exceptions of ``valkey.AWAY``: to be asked again.
    """
    by_server = {(event.visitor_id, event.shopper_id) for event in events if event.source in SERVERS}
    pairs = sorted(said.items())
    replies: Any = valkey.client().mget([sessions.key(visitor) for visitor, _ in pairs])
    live = zip(pairs, map(sessions.parse, replies), strict=True)
    return by_server | {pair for pair, session in live if session is not None and session.shopper_id == pair[1]}


def store(lines: list[str]) -> int:
    """Store those events of ``lines`` (COPY's text format) that are not stored yet; return how many that were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TEMPORARY)
        # Django leaves the driver's own errors of this call as they are: a full disk would look like a bad entry.
        with connection.wrap_database_errors:
            cursor.copy_expert(_COPY, io.BytesIO("".join(lines).encode()))
        cursor.execute(_INSERT)
        stored: int = cursor.rowcount
        if stored < len(lines):
            cursor.execute(_FILL_SESSION)
    return stored


def _line(event: _Texts, session_id: str) -> str:
    """One event as a line of COPY."""
    texts = [event.message_id, event.type, event.visitor_id, event.shopper_id, event.product_id, event.query]
    texts += [event.caused_by, str(event.properties, "utf-8"), event.source]
    together = "".join(texts)
    if "\\" in together or not together.isprintable():
        texts = [text.translate(_ESCAPES) for text in texts]
    message_id, kind, visitor_id, shopper_id, product_id, query, caused_by, properties, source = texts
    quantity = _NULL if event.quantity is None else event.quantity
    value = _NULL if event.value is None else event.value
    return (
        f"{event.id}\t{message_id}\t{kind}\t{event.occurred_at}\t{event.received_at}\t{visitor_id}\t{shopper_id}\t{session_id}\t"
        f"{product_id}\t{quantity}\t{value}\t{query}\t{event.slate_id or _NULL}\t{caused_by}\t{properties}\t{source}\t"
        f"{'t' if event.simulated else 'f'}\n"
    )
