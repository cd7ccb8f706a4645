"""Finding a slate that was shown, also one of this very moment that is on its way to the table."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from recommender.slates.models import Slate
from recommender.slates.slate_log import STREAM
from shop import valkey

# The stream's ids carry the server's clock, the slate's ours: looked at are this many ms before and after.
APART_MS = 10_000
PAGE = 500
# The newest entries, where clocks are further apart than that.
NEWEST = 1_000


@dataclass(frozen=True)
class ShownSlate:
    """What was shown to whom: ids, empty where nobody was known, and the products."""

    visitor_id: str
    shopper_id: str
    products: frozenset[str]


def find(slate_id: uuid.UUID) -> ShownSlate | None:
    """The slate, from the table or from the stream that leads there; None for none.

    Raises:
        the exceptions of ``valkey.AWAY``: it is not in the table, and may be on the stream.
    """
    # Written and taken off the stream between two looks: the table is asked once more.
    return _stored(slate_id) or _under_way(slate_id) or _stored(slate_id)


def _stored(slate_id: uuid.UUID) -> ShownSlate | None:
    row = Slate.objects.filter(pk=slate_id).values_list("visitor_id", "shopper_id", "items").first()
    return _shown(row[0], row[1], row[2]) if row else None


def _under_way(slate_id: uuid.UUID) -> ShownSlate | None:
    wanted = str(slate_id)
    chosen_ms = slate_id.int >> 80
    client: Any = valkey.client()
    start, end = f"{max(chosen_ms - APART_MS, 0)}", f"{chosen_ms + APART_MS}"
    while entries := client.xrange(STREAM, min=start, max=end, count=PAGE):
        if found := _among(entries, wanted):
            return found
        start = f"({entries[-1][0].decode()}"
    return _among(client.xrevrange(STREAM, count=NEWEST), wanted)


def _among(entries: list[tuple[bytes, dict[bytes, bytes]]], wanted: str) -> ShownSlate | None:
    mark = wanted.encode()
    for _, fields in entries:
        # Looked for before it is decoded: thousands may have come by since.
        if mark in fields.get(b"e", b""):
            body = orjson.loads(fields[b"e"])
            if body["id"] == wanted:
                return _shown(body["visitor_id"], body["shopper_id"], body["items"])
    return None


def _shown(visitor_id: str, shopper_id: str, items: list[dict[str, Any]]) -> ShownSlate:
    return ShownSlate(visitor_id, shopper_id, frozenset(item["product_id"] for item in items))
