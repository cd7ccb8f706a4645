"""Slates are logged to a stream of their own; a consumer writes them to the database."""

from __future__ import annotations

from typing import Any

import orjson
import redis
import structlog

from recommender.serving.slates import Slate
from shop import clock
from shop.valkey import client

STREAM = "slates"
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
        "items": items,
        "removed": slate.removed,
        "at_ms": clock.now_ms(),
    }
    return {"slate": orjson.dumps(body)}


def write(slate: Slate, *, visitor_id: str, shopper_id: str) -> None:
    """Append a slate to the stream; without Valkey it is shown all the same and the log says so."""
    try:
        client().xadd(STREAM, entry(slate, visitor_id=visitor_id, shopper_id=shopper_id), maxlen=KEEP)  # type: ignore[arg-type]
    except redis.RedisError as error:
        log.warning("slate_not_logged", slate_id=str(slate.slate_id), error=str(error))
