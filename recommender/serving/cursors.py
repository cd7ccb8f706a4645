"""Cursors of further pages: what was shown, where and when, in a signed text that the caller sends back.

A cursor holds the products of all pages so far, and the next page is chosen anew without them: it knows the visitor's last act,
obeys the stock of now, and repeats nothing whichever model answers by then. Nothing is kept on our side, so asking the same page
again (a retry) is harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import orjson
from django.conf import settings
from django.core import signing
from django.utils.encoding import force_bytes

from shop import clock

SALT = "recommendations.cursor"
LIFE_SECONDS = 3_600
# Addresses longer than 8 KB are refused by common proxies: 200 products with UUIDs, over 1 000 with short ids.
MOST_CHARS = 6_000
# Characters from which on: a first page is sent as it is, and few callers go on.
WORTH_COMPRESSING = 1_000
MAC_OCTETS = 20


class CursorRefused(ValueError):
    """The cursor cannot be used; ``code`` says in a word why, the message in a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class List:
    """Which list the pages are of."""

    slot: str
    product_id: str = ""


class _Signer(signing.TimestampSigner):
    """Django's, by the shop's clock, with a MAC whose key is set up once, not for every text: every answer has a cursor."""

    def __init__(self, secret: str) -> None:
        super().__init__(key=secret, salt=SALT)
        self._keyed = _keyed(secret)

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        """A keyed BLAKE2b (RFC 7693, section 2.9), as ids of slates have it; former keys are for cursors that came back."""
        made = (self._keyed if key in (None, self.key) else _keyed(key)).copy()
        made.update(value.encode() if isinstance(value, str) else value)
        return signing.b64_encode(made.digest()).decode()

    def timestamp(self) -> str:
        """Seconds since the epoch, as Django writes them."""
        return signing.b62_encode(_seconds())

    def unsign(self, value: str, max_age: float | timedelta | None = None) -> str:
        """As Django's own, whose age is that of cursors."""
        text, _, timestamp = signing.Signer.unsign(self, value).rpartition(self.sep)
        if _seconds() - signing.b62_decode(timestamp) > LIFE_SECONDS:
            raise signing.SignatureExpired(f"older than {LIFE_SECONDS} s")
        return text


def _keyed(secret: str | bytes | None) -> hashlib.blake2b:
    key = hashlib.sha256(f"{SALT}signer".encode() + force_bytes(secret)).digest()
    return hashlib.blake2b(key=key, digest_size=MAC_OCTETS)


def _seconds() -> int:
    return clock.now_ms() // 1000


_signer = lru_cache(maxsize=2)(_Signer)


class _Serializer:
    """JSON."""

    dumps = staticmethod(orjson.dumps)
    loads = staticmethod(orjson.loads)


def cursor_of(which: List, shown: Iterable[str]) -> str:
    """The cursor of the page after ``shown``; empty where it would be too long to send, and the list ends."""
    parts = [which.slot, which.product_id, *shown]
    signer = _signer(settings.SECRET_KEY)
    if sum(map(len, parts)) > WORTH_COMPRESSING:
        text = signer.sign_object(parts, serializer=_Serializer, compress=True)
    else:
        # What `sign_object` puts together, in a third of its time: every answer has one.
        said = f"{signing.b64_encode(orjson.dumps(parts)).decode()}{signer.sep}{signer.timestamp()}"
        text = f"{said}{signer.sep}{signer.signature(said)}"
    return text if len(text) <= MOST_CHARS else ""


def shown_before(cursor: str, which: List) -> list[str]:
    """What the pages before showed.

    Raises:
        CursorRefused: it is older than an hour, of another list, or none of ours.
    """
    try:
        signer = _signer(settings.SECRET_KEY)
        found: list[str] = signer.unsign_object(cursor, serializer=_Serializer)
        slot, product_id, *shown = found
    except signing.SignatureExpired:
        raise CursorRefused("expired", "This cursor has expired: begin again without one.") from None
    except (signing.BadSignature, ValueError, TypeError):
        raise CursorRefused("invalid", "This is no cursor that came from here: send `next` as it is.") from None
    if List(slot, product_id) != which:
        raise CursorRefused("other_list", "This cursor belongs to another slot or product: begin again without one.")
    return shown
