"""Bodies of requests to plain endpoints: read once, bounded, gzip undone."""

from __future__ import annotations

import zlib

from django.http import HttpRequest


class BodyTooLarge(Exception):
    """The body, or what it unpacks to, is larger than the endpoint takes."""


class BodyUnreadable(Exception):
    """The body is not what its headers say."""


def read_body(request: HttpRequest, limit: int) -> bytes:
    """The body in clear, at most ``limit`` bytes.

    Raises:
        BodyTooLarge: packed or unpacked.
        BodyUnreadable: broken gzip, or the connection ended early.
    """
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise BodyUnreadable("Content-Length is not a number") from None
    if announced > limit:
        raise BodyTooLarge
    try:
        body = request.read(limit + 1)
    except OSError as error:
        raise BodyUnreadable(str(error)) from None
    if len(body) > limit:
        raise BodyTooLarge
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").lower()
    if encoding in ("", "identity"):
        return bytes(body)
    if encoding not in ("gzip", "deflate"):
        raise BodyUnreadable(f"Content-Encoding {encoding!r} is not known: gzip, deflate or none")
    return _unpack(body, limit)


def _unpack(body: bytes, limit: int) -> bytes:
    # 32: gzip or zlib, told by the header. The bound holds against a small body that unpacks to gigabytes.
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        clear = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise BodyUnreadable(f"the body is no gzip: {error}") from None
    if len(clear) > limit:
        raise BodyTooLarge
    if not unpacker.eof:
        raise BodyUnreadable("the gzip body ends early")
    return clear
