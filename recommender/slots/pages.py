"""No product twice on one page, whatever rows it is made of: which products a page shows already is remembered in Valkey.

A row reads what stands on the page in its first round trip, and claims what it chose in the one in which it is logged. Where
another row of the page claimed one of the products meanwhile, nothing is claimed and the row is chosen again without them.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

import redis

from recommender.slates.slate_log import KEEP, STREAM
from shop.valkey import Script, Trip, client

# A page is put together within seconds.
LIFE_SECONDS = 600
# Rows of one page that may be faster than one of them before it is shown without what they show.
MOST_TRIES = 25

_claim = Script("""
local taken = {}
for i = 4, #ARGV do
    if redis.call('SISMEMBER', KEYS[1], ARGV[i]) == 1 then taken[#taken + 1] = ARGV[i] end
end
if #taken > 0 then return taken end
for i = 4, #ARGV do redis.call('SADD', KEYS[1], ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'e', ARGV[3])
return taken
""")


def key(page_id: str, who: str) -> str:
    """Valkey key of a page that somebody looks at."""
    return f"page:{who}:{page_id}"


def queue_read(trip: Trip, page_key: str) -> None:
    """Ask, within a caller's round trip, what the page shows; the reply goes to :func:`parse`."""
    trip.smembers(page_key)


def parse(reply: Collection[bytes]) -> set[str]:
    """Product ids of the reply to :func:`queue_read`."""
    return {product_id.decode() for product_id in reply}


def release(page_key: str, product_ids: Collection[str]) -> None:
    """Give back what a row claimed that is not shown after all; without Valkey there is nothing to give back."""
    if product_ids:
        with suppress(redis.RedisError):
            client().srem(page_key, *product_ids)


def claim(page_key: str, product_ids: Collection[str], entry: dict[str, bytes]) -> set[str]:
    """Claim all of the products and log the slate (``slate_log.entry``), or none: then those that others claimed are returned.

    Raises:
        redis.RedisError: Valkey is away, or refuses to write.
    """
    taken: Any = _claim([page_key, STREAM], [LIFE_SECONDS, KEEP, entry["e"], *product_ids])
    return parse(taken)
