"""Pages of the admin that are not lists: route, view, name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.dashboard import live, models_page, shopper


def pages() -> list[tuple[str, Callable[..., Any], str]]:
    """The table of the pages; routes are relative to ``/admin/``."""
    return [
        ("live/", live.page, "live"),
        ("models/", models_page.page, "models"),
        ("shopper/<str:pk>/", shopper.page, "shopper_page"),
        ("shop/shopper/<str:pk>/change/", shopper.change, "shopper_change"),
    ]
