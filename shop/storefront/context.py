"""What every storefront template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def storefront(request: HttpRequest) -> dict[str, Any]:
    """``demo`` (whether this is the demo shop) and ``shop_name``."""
    return {"demo": settings.DEMO, "shop_name": settings.SHOP_NAME}
