"""Waking open pages: one Valkey channel on which the ids of shoppers whose inbox changed are said.

Nothing but a wake: whoever hears it reads the database, so a lost wake costs seconds, never an item.
"""

from __future__ import annotations

import redis
import structlog

from shop.valkey import client

WAKES = "inbox:wakes"
log = structlog.get_logger(__name__)


def announce(shopper_id: str) -> None:
    """Say that the inbox of ``shopper_id`` changed. Valkey away: logged, the next reconnect shows it."""
    try:
        client().publish(WAKES, shopper_id)
    except redis.RedisError as error:
        log.warning("inbox_not_announced", error=type(error).__name__)
