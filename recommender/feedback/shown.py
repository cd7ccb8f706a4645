"""Finding a slate that was shown, also one of this very moment that is on its way to the table.

What is on its way is looked for only where the id proves that we made it, and only among the slates that are not in the table yet:
an id that was made up, or is of a slate long deleted, costs a look into the table's index.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from recommender.slates.models import Slate
from recommender.slates.slate_ids import is_ours
from recommender.slates.slate_log import STREAM, waiting_from
from shop import valkey
from shop.stream_ids import position

# The stream's ids carry the server's clock, the slate's ours: looked at are this many ms before and after.
BEFORE_MS, AFTER_MS = 1_000, 10_000
PAGE = 500
# Of these at most so many, should the table be far behind: seconds of the most that a shop serves.
MOST_PAGES = 20
# The newest that wait, where clocks are further apart than that.
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
    if (stored := _stored(slate_id)) or not is_ours(slate_id):
        return stored
    # Written and taken off the stream between two looks: the table is asked once more.
    return _under_way(slate_id) or _stored(slate_id)


def _stored(slate_id: uuid.UUID) -> ShownSlate | None:
    row = Slate.objects.filter(pk=slate_id).values_list("visitor_id", "shopper_id", "items").first()
    return _shown(row[0], row[1], row[2]) if row else None


def _under_way(slate_id: uuid.UUID) -> ShownSlate | None:
    client: Any = valkey.client()
    waiting = waiting_from(client)
    if waiting is None:
        return None
    wanted, chosen_ms = str(slate_id), slate_id.int >> 80
    start, end = _later(waiting, chosen_ms - BEFORE_MS), f"{chosen_ms + AFTER_MS}"
    for _ in range(MOST_PAGES):
        entries = client.xrange(STREAM, min=start, max=end, count=PAGE)
        if not entries:
            break
        if found := _among(entries, wanted):
            return found
        start = b"(" + entries[-1][0]
    return _among(client.xrevrange(STREAM, min=waiting, count=NEWEST), wanted)


def _later(start: bytes, at_ms: int) -> bytes:
    """The later of a place on the stream and a moment."""
    begins_ms = 0 if start == b"-" else position(start.lstrip(b"("))[0]
    return start if begins_ms >= at_ms else b"%d" % at_ms


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
