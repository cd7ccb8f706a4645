"""Slates are logged to a stream of their own; a consumer group writes them to the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
import redis
import structlog
from django.db import connection

from recommender.slates.slate import Slate
from shop import clock
from shop.events.consumers import Consumer
from shop.events.stream import StreamEntry
from shop.valkey import Trip, client

STREAM = "slates"
# Slates wait here while the database is away; older ones go first.
KEEP = 200_000

log = structlog.get_logger(__name__)


def entry(slate: Slate, *, visitor_id: str, shopper_id: str) -> dict[str, bytes]:
    """The stream entry of a slate."""
    items: list[dict[str, Any]] = [
        {
            "product_id": item.product_id,
            "score": round(item.score, 6),
            "source": item.source,
            "reason": item.reason.code,
            "params": item.reason.params,
            **({"applied": item.applied} if item.applied else {}),
            **({"probability": item.probability} if item.probability is not None else {}),
            **({"team": item.team} if item.team else {}),
        }
        for item in slate.items
    ]
    body = {
        "id": str(slate.slate_id),
        "slot": slate.slot,
        "visitor_id": visitor_id,
        "shopper_id": shopper_id,
        "model": slate.model,
        "variant": slate.variant,
        "fallback": slate.fallback,
        "known": slate.known,
        "items": items,
        "removed": slate.removed,
        "filtered": slate.filtered,
        "from": slate.chosen_from,
        "slot_version": slate.slot_version,
        **({"skipped_pins": slate.skipped_pins} if slate.skipped_pins else {}),
        **({"experiment": slate.experiment} if slate.experiment else {}),
        **({"short": True} if slate.short else {}),
        "at_ms": clock.now_ms(),
    }
    return {"e": orjson.dumps(body)}


def write(slates: Sequence[tuple[Slate, str, str]]) -> None:
    """Append (slate, visitor id, shopper id); without Valkey they are shown all the same and the log says so.

    Nobody waits for a single one to be taken, which would be a second round trip of every request; many go no faster than they are.
    """
    try:
        trip = Trip()
        for slate, visitor_id, shopper_id in slates:
            trip.xadd(STREAM, entry(slate, visitor_id=visitor_id, shopper_id=shopper_id), maxlen=KEEP)
        if len(slates) == 1:
            trip.post()
        else:
            trip.execute()
    except redis.RedisError as error:
        log.warning("slates_not_logged", slates=len(slates), error=str(error))


# PostgreSQL reads the entries as they are: objects of Django's for each of them took a tenth of all that a slate costs.
INSERT = """
INSERT INTO recommender_slate (id, slot, visitor_id, shopper_id, model, variant, items, context, fallback, known, short, at)
SELECT (e->>'id')::uuid, e->>'slot', left(e->>'visitor_id', 64), left(e->>'shopper_id', 128), e->>'model', e->>'variant',
    e->'items',
    jsonb_build_object('removed', e->'removed', 'from', coalesce(e->'from', '{}'),
        'slot_version', coalesce(e->'slot_version', '0'), 'skipped_pins', coalesce(e->'skipped_pins', '{}'))
        || CASE WHEN e ? 'filtered' THEN jsonb_build_object('filtered', e->'filtered') ELSE '{}' END
        || CASE WHEN e ? 'experiment' THEN jsonb_build_object('experiment', e->'experiment') ELSE '{}' END,
    (e->>'fallback')::boolean, coalesce((e->>'known')::boolean, true), coalesce((e->>'short')::boolean, false),
    timestamptz 'epoch' + (e->>'at_ms')::bigint * interval '1 millisecond'
FROM jsonb_array_elements(%s::jsonb) AS e
ON CONFLICT (id) DO NOTHING
"""


def waiting_from(valkey: Any) -> bytes | None:
    """Where on the stream the slates begin that are not in the database yet, as ``XRANGE`` takes it; None where nothing was logged.

    Raises:
        redis.RedisError: Valkey is away.
    """
    if not valkey.exists(STREAM):
        return None
    groups = {group["name"]: group for group in valkey.xinfo_groups(STREAM)}
    group = groups.get(SlateConsumer.group.encode())
    if group is None:
        return b"-"
    taken: bytes | None = valkey.xpending(STREAM, SlateConsumer.group)["min"]
    return taken or b"(" + group["last-delivered-id"]


def oldest_waiting() -> datetime | None:
    """When the oldest slate was chosen that is not in the database yet; None where all are.

    Raises:
        redis.RedisError: Valkey is away.
    """
    valkey: Any = client()
    start = waiting_from(valkey)
    entries = valkey.xrange(STREAM, min=start, count=1) if start is not None else []
    return datetime.fromtimestamp(orjson.loads(entries[0][1][b"e"])["at_ms"] / 1000, UTC) if entries else None


class SlateConsumer(Consumer):
    """Writes slates to the database; the same slate twice is one row."""

    group: ClassVar[str] = "slates"
    stream: ClassVar[str] = STREAM

    def handle(self, entries: list[StreamEntry]) -> None:
        """Insert a batch.

        Raises:
            django.db.Error: the database is away, or one of them cannot be read.
        """
        batch = b"[%s]" % b",".join(entry.body for entry in entries)
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [batch.decode()])
