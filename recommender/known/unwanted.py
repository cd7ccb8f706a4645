"""Products that whoever looks does not want to see (:mod:`shop.opinions`), read in the request's own round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
import structlog

from shop import clock, valkey
from shop.opinions import copies
from shop.people import declining
from shop.valkey import Trip

NOTHING: frozenset[str] = frozenset()

log = structlog.get_logger(__name__)


def queue_read(trip: Trip, visitor_id: str, shopper_id: str) -> int:
    """Ask within a caller's round trip; the replies, as many as are returned, go to :func:`parse`."""
    asked = copies.keys(visitor_id, shopper_id)
    for key in asked:
        trip.hgetall(key)
    return len(asked)


def parse(replies: list[Any]) -> frozenset[str]:
    """Products that are out of sight now."""
    now_ms = clock.now_ms() if any(replies) else 0
    return NOTHING.union(*(copies.parse(reply, now_ms) for reply in replies if reply))


def of_person(shopper_id: str, visitor_id: str = "") -> frozenset[str]:
    """Those of a shopper who does not ask: a round trip of its own."""
    try:
        return copies.read(visitor_id, shopper_id)
    except valkey.AWAY as error:
        log.warning("unwanted_unread", reason=str(error))
        return NOTHING


def of_session(shopper_id: str) -> tuple[frozenset[str], bool]:
    """Those of a shopper whom only the session named, and whether they declined personal rows: a round trip of its own.

    Where Valkey is away nobody knows who declined.
    """
    trip = Trip()
    queue_read(trip, "", shopper_id)
    declining.queue_read(trip, shopper_id)
    try:
        *replies, filled, declined = trip.execute()
    except redis.RedisError as error:
        log.warning("unwanted_unread", reason=str(error))
        return NOTHING, True
    return parse(replies), declining.parse([filled, declined])


def of_many(shopper_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """Those of each shopper, in one round trip; nothing of anybody where Valkey is away."""
    trip = Trip()
    for shopper_id in shopper_ids:
        trip.hgetall(copies.key(shopper_id=shopper_id))
    try:
        replies = trip.execute()
    except redis.RedisError as error:
        log.warning("unwanted_unread", reason=str(error))
        return {}
    now_ms = clock.now_ms()
    return {
        shopper_id: copies.parse(reply, now_ms) for shopper_id, reply in zip(shopper_ids, replies, strict=True) if reply
    }
