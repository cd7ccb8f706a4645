"""Events: the smallest valid ones."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from shop import clock
from shop.events.consumers import Runner
from shop.events.ids import event_id
from shop.events.store import StoreConsumer
from shop.events.types import StoredEvent

_numbers = itertools.count(1)


def an_event(type: str = "product_viewed", at: datetime | None = None, **fields: Any) -> StoredEvent:
    """An event of visitor ``v-anna0001`` that happened ``at`` (default: now)."""
    at = at or clock.now()
    message_id = fields.pop("message_id", f"m-{next(_numbers)}")
    fields = {"visitor_id": "v-anna0001", "source": "api", **fields}
    if type == "product_viewed":
        fields.setdefault("product_id", "p-1")
    return StoredEvent(
        id=event_id(fields["source"], message_id, at),
        message_id=message_id,
        type=type,
        occurred_at=at,
        received_at=clock.now(),
        **fields,
    )


def store_all() -> int:
    """Let the store consumer deal with everything on the stream; return how many entries that were."""
    return Runner(StoreConsumer(), claim_after_ms=0).drain()
