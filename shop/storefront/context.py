"""What every storefront template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from shop.storefront.frame import Frame
from shop.storefront.theme import chosen_theme


def storefront(request: HttpRequest) -> dict[str, Any]:
    """What the templates use.

    ``demo``, ``simulated`` (whether simulated shoppers are about), ``shop_name``, ``theme``, ``consent_asked``, ``frame``,
    ``tracker_key`` (empty: no tracker).
    """
    return {
        "demo": settings.DEMO,
        "simulated": settings.DEMO and settings.SIMULATE,
        "shop_name": settings.SHOP_NAME,
        "theme": chosen_theme(request),
        "consent_asked": request.COOKIES.get(settings.CONSENT_COOKIE) in ("yes", "no"),
        "frame": Frame(request),
        "tracker_key": settings.STOREFRONT_KEY,
    }
