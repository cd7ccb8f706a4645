"""Hidden products in Valkey: a hash a person or browser, product to the moment until which it is hidden (ms since the epoch, UTC).

The table is the truth, the hash is what a request reads in its own round trip. Whoever changes an opinion writes the hash within
the transaction: where Valkey is away nothing is taken. Where Valkey lost what it held, :func:`refill` brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import F

from shop import clock, valkey
from shop.opinions.models import Opinion

# A hash lives a day longer than the longest opinion in it.
LIFE_SECONDS = int(timedelta(days=max(Opinion.DAYS.values()) + 1).total_seconds())
FILLED = "hidden:filled"
BATCH = 5_000


def key(*, visitor_id: str = "", shopper_id: str = "") -> str:
    """Valkey key of what one person, or else one browser, hid."""
    return f"hidden:s:{shopper_id}" if shopper_id else f"hidden:v:{visitor_id}"


def keys(visitor_id: str, shopper_id: str) -> list[str]:
    """The keys that count for whoever looks: the person's, and what the browser hid before it was theirs."""
    return [
        *([key(shopper_id=shopper_id)] if shopper_id else []),
        *([key(visitor_id=visitor_id)] if visitor_id else []),
    ]


def set_hidden(owner: str, until_ms: Mapping[str, int]) -> None:
    """Write products and until when; ``owner`` is a :func:`key`."""
    if until_ms:
        pipe = valkey.client().pipeline()
        pipe.hset(owner, mapping={product_id: str(ms) for product_id, ms in until_ms.items()})
        pipe.expire(owner, LIFE_SECONDS)
        pipe.execute()


def show_again(owner: str, product_ids: Iterable[str]) -> None:
    """Take products out."""
    gone = list(product_ids)
    if gone:
        valkey.client().hdel(owner, *gone)


def forget(owner: str) -> None:
    """Delete all of one owner (erasure)."""
    valkey.client().delete(owner)


def parse(reply: Mapping[bytes, bytes], now_ms: int) -> frozenset[str]:
    """Products of a hash that are hidden now; what has run out is not."""
    return frozenset(product.decode() for product, until in reply.items() if int(until) > now_ms)


def read(visitor_id: str, shopper_id: str) -> frozenset[str]:
    """Hidden products of whoever looks, outside of a request that reads them in its own round trip.

    Raises:
        the exceptions of ``valkey.AWAY``.
    """
    asked = keys(visitor_id, shopper_id)
    if not asked:
        return frozenset()
    pipe = valkey.client().pipeline(transaction=False)
    for owner in asked:
        pipe.hgetall(owner)
    now_ms = clock.now_ms()
    replies: list[Any] = pipe.execute()
    return frozenset().union(*(parse(reply, now_ms) for reply in replies))


def refill() -> int:
    """Write every hash anew from the table where Valkey has lost what it held; returns how many opinions."""
    client = valkey.client()
    if client.exists(FILLED):
        return 0
    rows = Opinion.objects.filter(until__gt=clock.now()).annotate(owner=F("shopper_id"))
    pipe, count = client.pipeline(transaction=False), 0
    for row in rows.values_list("visitor_id", "owner", "product_id", "until").order_by().iterator(BATCH):
        visitor_id, shopper_id, product_id, until = row
        assert until is not None
        owner = key(visitor_id=visitor_id, shopper_id=shopper_id or "")
        pipe.hset(owner, product_id, clock.ms_of(until))
        pipe.expire(owner, LIFE_SECONDS)
        count += 1
        if count % BATCH == 0:
            pipe.execute()
    pipe.set(FILLED, "1")
    pipe.execute()
    return count
