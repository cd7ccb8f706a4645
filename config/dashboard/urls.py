"""Pages of the admin that are not lists: route, view, name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pages() -> list[tuple[str, Callable[..., Any], str]]:
    """The table of the pages; routes are relative to ``/admin/``."""
    return []
