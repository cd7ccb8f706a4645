"""Following what changes, for who asks outside of a request: a request reads it in its own round trip."""

from __future__ import annotations

import redis
import structlog

from recommender.known import facts
from recommender.slots import snapshot
from shop.valkey import Trip

log = structlog.get_logger(__name__)


def follow_changes() -> None:
    """Take over changes of stock, price and slots, as a request does."""
    trip = Trip()
    facts.queue_changes(trip, facts.current())
    snapshot.queue_announcement(trip)
    try:
        changes, in_force = trip.execute()
        facts.follow(changes)
        snapshot.follow(in_force)
    except redis.RedisError as error:
        log.warning("changes_unread", reason=str(error))
