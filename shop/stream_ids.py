"""Ids of entries of Valkey's streams."""

from __future__ import annotations


def position(stream_id: bytes | str) -> tuple[int, int]:
    """Milliseconds and number of an entry, which are in the order of the stream, as their texts are not."""
    milliseconds, _, number = (stream_id.decode() if isinstance(stream_id, bytes) else stream_id).partition("-")
    return int(milliseconds), int(number or 0)
