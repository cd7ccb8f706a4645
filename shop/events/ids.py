"""Event ids: UUIDv7 (RFC 9562) made from the event's own time and its message id, so that a retry has the same id."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def uuid7_at(milliseconds: int, random_bits: int) -> uuid.UUID:
    """The UUIDv7 of a time (ms since the epoch) and 74 bits.

    Raises:
        ValueError: the time does not fit 48 bits.
    """
    if not 0 <= milliseconds < 1 << 48:
        raise ValueError("the time does not fit a UUIDv7")
    rand_a = (random_bits >> 62) & 0xFFF
    rand_b = random_bits & ((1 << 62) - 1)
    return uuid.UUID(int=(milliseconds << 80) | _VERSION_7 | (rand_a << 64) | _VARIANT | rand_b)


def event_id(source: str, message_id: str, sender_time: datetime) -> uuid.UUID:
    """The id under which an event is stored.

    Args:
        source: the room the message id is unique in ("api", "segment", ...).
        message_id: the sender's id of the message.
        sender_time: the time that the sender itself stated, before any correction of its clock; else a retry would differ.
    """
    digest = hashlib.sha256(f"{source}\x00{message_id}".encode()).digest()
    bits = int.from_bytes(digest[:10], "big") >> 6
    return uuid7_at(int(sender_time.timestamp() * 1000), bits)


def lowest_id(moment: datetime) -> uuid.UUID:
    """A lower bound of every id of an event at or after ``moment``: all other bits are zero, as in a partition's bound."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)
