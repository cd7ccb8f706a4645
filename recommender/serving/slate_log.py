"""Slates are logged to a stream of their own; a consumer group writes them to the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
import redis
import structlog

from recommender.serving.models import Slate as SlateRow
from recommender.serving.slates import Slate
from shop import clock
from shop.events.consumers import Consumer
from shop.events.stream import StreamEntry
from shop.valkey import Trip

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
        "from": slate.chosen_from,
        "slot_version": slate.slot_version,
        "at_ms": clock.now_ms(),
    }
    return {"e": orjson.dumps(body)}


def write(slates: Sequence[tuple[Slate, str, str]]) -> None:
    """Append (slate, visitor id, shopper id) in one round trip; without Valkey they are shown all the same and the log says so."""
    try:
        trip = Trip()
        for slate, visitor_id, shopper_id in slates:
            trip.xadd(STREAM, entry(slate, visitor_id=visitor_id, shopper_id=shopper_id), maxlen=KEEP)
        trip.execute()
    except redis.RedisError as error:
        log.warning("slates_not_logged", slates=len(slates), error=str(error))


class SlateConsumer(Consumer):
    """Writes slates to the database; the same slate twice is one row."""

    group: ClassVar[str] = "slates"
    stream: ClassVar[str] = STREAM

    def handle(self, entries: list[StreamEntry]) -> None:
        """Insert a batch."""
        SlateRow.objects.bulk_create([_row(orjson.loads(entry.body)) for entry in entries], ignore_conflicts=True)


def _row(body: dict[str, Any]) -> SlateRow:
    return SlateRow(
        id=body["id"],
        slot=body["slot"],
        visitor_id=body["visitor_id"][:64],
        shopper_id=body["shopper_id"][:128],
        model=body["model"],
        variant=body["variant"],
        items=body["items"],
        context={
            "removed": body["removed"],
            "from": body.get("from", {}),
            "slot_version": body.get("slot_version", 0),
        },
        fallback=body["fallback"],
        known=body.get("known", True),
        at=datetime.fromtimestamp(body["at_ms"] / 1000, UTC),
    )
