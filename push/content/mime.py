"""Ready bytes of an e-mail: everything that is the same for all is encoded once, values are encoded for the place they stand in.

A body is a list of pieces. :class:`Static` pieces carry their quoted-printable form (RFC 2045, 6.7) from preparation; the others
are encoded when a message is filled. Pieces are joined by soft line breaks, so a value can stand anywhere without counting
columns. A part that is mostly not ASCII (a Chinese text part) goes as base64, encoded as a whole. Header texts are encoded words
(RFC 2047); nothing of a value can end a header line.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

SOFT_BREAK = b"=\r\n"
# A boundary with "=_" can be in neither encoding (RFC 2045, 6.7 and 6.8).
BOUNDARY_START = "=_pushcart_"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\u200b\u2028-\u202e\u2066-\u2069]")
_PLAIN_HEADER = re.compile(r"[ !-<>-~]*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_ENCODED_WORD_OCTETS = 45
_PLAIN_LENGTH = 60


class Static(str):
    """A piece that is the same in every message, with its quoted-printable form and its digest (SHA-256, 16 octets)."""

    encoded: bytes
    digest: bytes

    def __new__(cls, text: str) -> Static:
        """Encode once."""
        piece = super().__new__(cls, text)
        piece.encoded = quoted_printable(text)
        piece.digest = hashlib.sha256(text.encode()).digest()[:16]
        return piece


def clean(text: str) -> str:
    """``text`` as it can be sent: line ends are ``\\n``, lone surrogates replaced."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def quoted_printable(text: str) -> bytes:
    """Quoted-printable form of clean ``text``, lines of at most 76 octets, CRLF line ends."""
    encoded = binascii.b2a_qp(text.encode(), quotetabs=False, istext=True, header=False)
    return encoded.replace(b"\n", b"\r\n")


def base64_lines(text: str) -> bytes:
    """Base64 of ``text`` with CRLF line ends, in lines of 76."""
    encoded = binascii.b2a_base64(text.replace("\n", "\r\n").encode(), newline=False)
    return b"\r\n".join([encoded[start : start + 76] for start in range(0, len(encoded), 76)])


def encode_pieces(pieces: Sequence[str]) -> bytes:
    """Quoted-printable body of ``pieces``."""
    return SOFT_BREAK.join(
        [piece.encoded if type(piece) is Static else quoted_printable(piece) for piece in pieces if piece]
    )


def content_hash(*parts: Sequence[str]) -> str:
    """Hex SHA-256 of what a message says, in pieces; of static pieces their digests are hashed, which is twenty times as fast."""
    octets = [
        b"\x00".join([piece.digest if type(piece) is Static else piece.encode() for piece in pieces])
        for pieces in parts
    ]
    return hashlib.sha256(b"\x00\x00".join(octets)).hexdigest()


def one_line(text: str) -> str:
    """``text`` as a header can hold it: one line, no control or direction signs, single spaces."""
    return " ".join(_CONTROL.sub(" ", clean(text)).split())


def encoded_words(text: str) -> bytes:
    """RFC 2047 encoded words of ``text``, folded; characters are never cut."""
    words: list[bytes] = []
    chunk = b""
    for character in text:
        octets = character.encode()
        if len(chunk) + len(octets) > _ENCODED_WORD_OCTETS:
            words.append(chunk)
            chunk = b""
        chunk += octets
    words.append(chunk)
    return b"\r\n ".join([b"=?utf-8?b?" + binascii.b2a_base64(word, newline=False) + b"?=" for word in words])


def header_text(text: str) -> bytes:
    """Unstructured header value (a subject) of ``text``; call :func:`one_line` first."""
    if len(text) <= _PLAIN_LENGTH and _PLAIN_HEADER.fullmatch(text):
        return text.encode("ascii")
    return encoded_words(text)


def display_name(name: str) -> str:
    """``name`` as it stands before an address: one line, cut to what one encoded word holds.

    Readers differ in whether the space between two encoded words of a name is shown, so there is never a second one.
    """
    return one_line(one_line(name).encode()[:_ENCODED_WORD_OCTETS].decode("utf-8", "ignore"))


def mailbox(name: str, address: str) -> bytes:
    """``name <address>`` for To and From; ``address`` must have passed :func:`push.channels.email.sendable`."""
    name = display_name(name)
    if not name:
        return address.encode("ascii")
    display = name.encode("ascii") if _PLAIN_NAME.fullmatch(name) else encoded_words(name)
    return display + b" <" + address.encode("ascii") + b">"


def header(name: str, value: bytes) -> bytes:
    """One header line.

    Raises:
        ValueError: the value holds a line end that is not a fold, or a line over 998 octets (RFC 5322, 2.1.1).
    """
    line = name.encode("ascii") + b": " + value
    if b"\r" in line or b"\n" in line:
        rest = line.replace(b"\r\n ", b"")
        if b"\r" in rest or b"\n" in rest:
            raise ValueError(f"a line break in the header {name}")
    elif len(line) > 998:
        raise ValueError(f"the header {name} is longer than a line may be")
    return line + b"\r\n"


def date(moment: datetime) -> bytes:
    """Date header value (RFC 5322) of an aware time."""
    return format_datetime(moment).encode("ascii")
