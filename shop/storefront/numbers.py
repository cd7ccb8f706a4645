"""What people and browsers write into form fields, read without trust."""

from __future__ import annotations

from uuid import UUID


def whole(text: str, fallback: int) -> int:
    """The whole number somebody typed, or ``fallback``."""
    try:
        return int(text)
    except ValueError:
        return fallback


def uuid_or_none(text: str) -> UUID | None:
    """The UUID of a form's field, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None
