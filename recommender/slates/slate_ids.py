"""Ids of slates: UUIDv7 whose last bits prove that we made them, so that one made up is known without looking for it anywhere."""

from __future__ import annotations

import hashlib
import os
import uuid
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.encoding import force_bytes

from shop import clock
from shop.events.ids import uuid7_at

# Of the 74 bits beside the time: one guess in 16 million passes, and 50 random bits a millisecond are left.
PROOF_BITS = 24
LUCK_BITS = 74 - PROOF_BITS


def new_slate_id() -> uuid.UUID:
    """A UUIDv7 of now: slates sort by time."""
    now_ms, luck = clock.now_ms(), int.from_bytes(os.urandom(7)) >> (56 - LUCK_BITS)
    return uuid7_at(now_ms, luck << PROOF_BITS | _proof(settings.SECRET_KEY, now_ms, luck))


def is_ours(slate_id: uuid.UUID) -> bool:
    """Whether :func:`new_slate_id` made it, with the key of now or a former one."""
    made_ms, luck = slate_id.int >> 80, (slate_id.int >> 64 & 0xFFF) << (62 - PROOF_BITS)
    luck |= (slate_id.int & (1 << 62) - 1) >> PROOF_BITS
    return any(
        slate_id == uuid7_at(made_ms, luck << PROOF_BITS | _proof(secret, made_ms, luck))
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )


def _proof(secret: str | bytes, made_ms: int, luck: int) -> int:
    keyed = _keyed(secret).copy()
    keyed.update((made_ms << LUCK_BITS | luck).to_bytes(13))
    return int.from_bytes(keyed.digest())


@lru_cache(maxsize=8)
def _keyed(secret: str | bytes) -> Any:
    """Its key is set up once: every slate has an id."""
    return hashlib.blake2b(
        key=hashlib.sha256(b"slate ids " + force_bytes(secret)).digest(), digest_size=PROOF_BITS // 8
    )
