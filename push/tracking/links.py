"""Signed, typed links of messages.

A token is base64url of: key id (1 octet), kind (1), message id (16), target (UTF-8), and the first 16 octets of an HMAC-SHA256 over
all of it. The target is inside the signature, so a link leads only where we made it lead; the kind is too, so a link for
clicking cannot unsubscribe. Keys are ``settings.LINK_KEYS``, newest first: the first signs, all are accepted.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

MAC_OCTETS = 16
_HEAD_OCTETS = 18
MAX_TOKEN = 2_000
_UNCOUNTED = 0x80
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_TARGET = re.compile(r"(?:/(?!/)|https?://)[!-~]*")


class Kind(enum.IntEnum):
    """What a link does; the number stands in the token."""

    CLICK = 1
    UNSUBSCRIBE = 2
    PREFERENCES = 3
    PAUSE = 4
    HIDDEN = 5


_PATHS = {
    Kind.CLICK: "/m/c/",
    Kind.UNSUBSCRIBE: "/m/u/",
    Kind.PREFERENCES: "/m/p/",
    Kind.PAUSE: "/m/s/",
    Kind.HIDDEN: "/m/h/",
}


class BadLink(ValueError):
    """The token is not one of ours, or was changed."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says.

    Attributes:
        counted: False in test sends and previews: following it leaves no trace.
    """

    message_id: uuid.UUID
    kind: Kind
    target: str
    counted: bool


@lru_cache(maxsize=4)
def _keys(texts: tuple[str, ...]) -> tuple[tuple[int, bytes], ...]:
    keys = [hashlib.sha256(b"pushcart.push.links\x00" + text.encode()).digest() for text in texts]
    return tuple((hashlib.sha256(key).digest()[0], key) for key in keys)


def _current_keys() -> tuple[tuple[int, bytes], ...]:
    return _keys(tuple(settings.LINK_KEYS))


@lru_cache(maxsize=20_000)
def _checked(target: str) -> str:
    if target and not _TARGET.fullmatch(target):
        raise ValueError(f"a link cannot lead to {target!r}: a path beginning with one slash, or http(s)://")
    return target


class Signer:
    """Signs the links of one message; what is the same for all of them is looked up once.

    Args:
        message_id: the message they stand in.
        counted: False in test sends and previews.
    """

    __slots__ = ("_flags", "_head", "_key", "_message", "_url")

    def __init__(self, message_id: uuid.UUID, *, counted: bool = True) -> None:
        key_id, self._key = _current_keys()[0]
        self._head = bytes((key_id,))
        self._flags = 0 if counted else _UNCOUNTED
        self._message = message_id.bytes
        self._url = settings.PUBLIC_URL

    def token(self, kind: Kind, target: str = "") -> str:
        """The signed token of a link; arguments as for :func:`signed`."""
        body = b"%b%c%b%b" % (self._head, kind | self._flags, self._message, target.encode())
        signed = body + hmac.digest(self._key, body, "sha256")[:MAC_OCTETS]
        text = binascii.b2a_base64(signed, newline=False).translate(_URL_SAFE, b"=")
        return text.decode("ascii")

    def link(self, kind: Kind, target: str = "") -> str:
        """The absolute address of a signed link; arguments as for :func:`signed`."""
        return f"{self._url}{_PATHS[kind]}{self.token(kind, _checked(target))}"


def token(message_id: uuid.UUID, kind: Kind, target: str = "", *, counted: bool = True) -> str:
    """The signed token of a link; arguments as for :func:`signed`."""
    return Signer(message_id, counted=counted).token(kind, target)


def signed(message_id: uuid.UUID, kind: Kind, target: str = "", *, counted: bool = True) -> str:
    """Absolute address of a signed link.

    Args:
        message_id: the message it stands in.
        kind: what following it does.
        target: where a click leads: a path of ours (``/en/cart/``) or an absolute http(s) address, ASCII.
        counted: False in test sends and previews.

    Raises:
        ValueError: a target that is neither.
    """
    return Signer(message_id, counted=counted).link(kind, target)


def read(text: str, kind: Kind) -> Link:
    """What the token ``text`` says.

    Raises:
        BadLink: forged, changed, cut short, made under a key that is gone, or of another kind.
    """
    if len(text) > MAX_TOKEN or not text.isascii():
        raise BadLink("no token of ours")
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadLink("no token of ours") from None
    if len(octets) < _HEAD_OCTETS + MAC_OCTETS:
        raise BadLink("too short")
    body, mac = octets[:-MAC_OCTETS], octets[-MAC_OCTETS:]
    genuine = False
    for key_id, key in _current_keys():
        expected = hmac.digest(key, body, "sha256")[:MAC_OCTETS]
        # Every key is tried: how long it takes says nothing of which fits.
        genuine |= hmac.compare_digest(expected, mac) and key_id == body[0]
    if not genuine or body[1] & ~_UNCOUNTED != kind:
        raise BadLink("not signed by us")
    target = body[_HEAD_OCTETS:].decode()
    return Link(uuid.UUID(bytes=body[2:_HEAD_OCTETS]), kind, target, not body[1] & _UNCOUNTED)
