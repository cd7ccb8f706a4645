"""A page of a list that is asked for again under the same page's id (a retry) is answered with what it was answered before.

Its products are claimed for the page (:mod:`recommender.slots.pages`), so it would be chosen anew without them. What it was
answered is kept beside the claims for as long as they are, and stands while all of it may be shown; else it is chosen anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import orjson

from recommender.known.contexts import Known
from recommender.known.product_facts import ProductFacts
from recommender.slates.rules import Asked, refusing_rule
from recommender.slates.slate import Slate
from recommender.slots import snapshot
from recommender.slots.choosing import NOT_FOR_PINS
from recommender.slots.served import ServedSlot
from shop import clock

_encode = msgspec.msgpack.Encoder().encode
# With the settings of slots that were in force: others may show other products.
_decode = msgspec.msgpack.Decoder(tuple[bytes, Slate]).decode


def key(page: str, *asked: Any) -> str:
    """Valkey key of the answer to a request of a page, by all that it asks for."""
    return f"{page}:{hashlib.blake2b(orjson.dumps(asked), digest_size=16).hexdigest()}"


def pack(slate: Slate) -> bytes:
    """What is kept."""
    return _encode((snapshot.announced(), slate))


def opened(kept: bytes) -> tuple[bytes, Slate] | None:
    """What was kept, and under which settings; None where another release kept it otherwise."""
    try:
        return _decode(kept)
    except msgspec.MsgspecError:
        return None


def stands(
    kept: tuple[bytes, Slate], slot: ServedSlot, known: Known, facts: ProductFacts, exclude: Sequence[str]
) -> bool:
    """Whether all of it may still be shown. That one of its products was looked at since is no reason against it."""
    settings, slate = kept
    rules = tuple(rule for rule in slot.rules if rule.__name__ not in NOT_FOR_PINS)
    asked = Asked.of(facts, known, exclude, rules)
    if settings != snapshot.announced() or any(refusing_rule(item.product_id, asked) for item in slate.items):
        return False
    if slot.filter is None:
        return True
    rows = np.array([facts.row[item.product_id] for item in slate.items], np.int64)
    this = facts.row.get(known.product_id, -1)
    return bool(slot.filter.holds(facts, rows, this=this, now_ms=clock.now_ms()).all())
