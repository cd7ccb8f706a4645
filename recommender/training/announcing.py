"""A new champion is told to every process by a number in Valkey, which each request reads in its own round trip."""

from __future__ import annotations

import redis
import structlog

from shop.valkey import client

GENERATION = "models:generation"

log = structlog.get_logger(__name__)


def announce() -> None:
    """Say that champions changed. Without Valkey it is found by the watch, which asks the database every few seconds."""
    try:
        client().incr(GENERATION)
    except redis.RedisError as error:
        log.warning("champion_not_announced", error=str(error))
