"""The one key of a message: row id, Message-ID, provider's idempotency key, web-push topic.

A UUIDv8 (RFC 9562, 5.8) of SHA-256, the same in Python and in SQL. Not a UUIDv5: PostgreSQL has SHA-256 but, without an
extension that hosted and embedded servers may lack, no SHA-1 (docs/decisions).
"""

from __future__ import annotations

import hashlib
import uuid

# %-free SQL with the columns of the planning query: c.id, step id and channel as parameters there.
SQL_NAME = "convert_to(concat_ws(E'\\n', {campaign}, {step}, {channel}, {run_key}, {shopper}), 'UTF8')"
SQL_ID = (
    "encode(set_byte(set_byte(substring({digest} FROM 1 FOR 16), 6, (get_byte({digest}, 6) & 15) | 128),"
    " 8, (get_byte({digest}, 8) & 63) | 128), 'hex')::uuid"
)


def message_id(campaign_id: int, step_id: int, channel: str, run_key: str, shopper_id: str) -> uuid.UUID:
    """The key of one message."""
    # The shopper's id stands last: it alone may hold any character.
    name = "\n".join((str(campaign_id), str(step_id), channel, run_key, shopper_id))
    digest = bytearray(hashlib.sha256(name.encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x80
    digest[8] = (digest[8] & 0x3F) | 0x80
    return uuid.UUID(bytes=bytes(digest))
