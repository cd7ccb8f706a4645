"""Counting impressions without leaving out a slate that waits for the database: what was counted past it would miss it for ever."""

from __future__ import annotations

import redis
import structlog

from recommender.exploration import counting
from recommender.slates import slate_log
from shop import clock

log = structlog.get_logger(__name__)


def count() -> int:
    """Add what was shown up to the oldest slate that waits; nothing where Valkey is away, which alone knows what waits.

    Returns:
        How many pairs of a day and a product were touched.
    """
    now = clock.now()
    try:
        return counting.count(slate_log.oldest_waiting() or now)
    except redis.RedisError as error:
        log.warning("impressions_not_counted", reason=str(error))
        return 0
