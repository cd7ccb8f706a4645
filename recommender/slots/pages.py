"""No product twice on one page, whatever rows it is made of: which products a page shows already is remembered in Valkey.

A row reads what stands on the page in its first round trip, and claims what it chose in the one in which it is logged. Where
another row of the page claimed one of the products meanwhile, nothing is claimed and the row is chosen again without them.
Where a row is to be repeatable (the next page of a list, which may be asked for again), its answer is kept beside what it claimed.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis

from recommender.slates.slate_log import KEEP, STREAM
from shop.valkey import Script, Trip, client

# A page is put together within seconds.
LIFE_SECONDS = 600
# Rows of one page that may be faster than one of them before it is shown without what they show.
MOST_TRIES = 25

# Replies with the answer that was kept, or an empty one and the products that are taken.
_claim = Script("""
local kept = KEYS[3] and redis.call('GET', KEYS[3])
if kept then return {kept} end
local reply = {''}
for i = 5, #ARGV do
    if redis.call('SISMEMBER', KEYS[1], ARGV[i]) == 1 then reply[#reply + 1] = ARGV[i] end
end
if #reply > 1 then return reply end
for i = 5, #ARGV do redis.call('SADD', KEYS[1], ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[1]) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'e', ARGV[3])
return reply
""")


@dataclass(frozen=True)
class Claimed:
    """What became of a claim: the products that others have, or what the same request was answered before; neither: it is done."""

    taken: frozenset[str] = frozenset()
    kept: bytes = b""

    @property
    def done(self) -> bool:
        """Whether the products are the row's now."""
        return not (self.taken or self.kept)


def key(page_id: str, who: str) -> str:
    """Valkey key of a page that somebody looks at."""
    return f"page:{who}:{page_id}"


def queue_read(trip: Trip, page_key: str) -> None:
    """Ask, within a caller's round trip, what the page shows; the reply goes to :func:`parse`."""
    trip.smembers(page_key)


def parse(reply: Collection[bytes]) -> set[str]:
    """Product ids of the reply to :func:`queue_read`."""
    return {product_id.decode() for product_id in reply}


def release(page_key: str, product_ids: Collection[str], answer_key: str = "") -> None:
    """Give back what a row claimed that is not shown after all, and forget its answer; without Valkey there is none of both."""
    with suppress(redis.RedisError):
        if product_ids:
            client().srem(page_key, *product_ids)
        if answer_key:
            client().delete(answer_key)


def claim(
    page_key: str, product_ids: Collection[str], entry: dict[str, bytes], answer_key: str = "", answer: bytes = b""
) -> Claimed:
    """Claim all of the products, log the slate (``slate_log.entry``) and keep the answer under its key, if it has one; or do none.

    Raises:
        redis.RedisError: Valkey is away, or refuses to write.
    """
    keys = [page_key, STREAM, *([answer_key] if answer_key else [])]
    reply: Any = _claim(keys, [LIFE_SECONDS, KEEP, entry["e"], answer, *product_ids])
    return Claimed(frozenset(parse(reply[1:])), bytes(reply[0]))
