"""Rate limits per key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class KeyRateThrottle(SimpleRateThrottle):
    """``API_RATE`` requests for each key, or for each address where there is no key."""

    scope = "api"

    def get_rate(self) -> str:
        """From the settings."""
        return str(settings.API_RATE)

    def get_cache_key(self, request: Request, view: Any) -> str:
        """One bucket a key."""
        return f"throttle:{request.auth.pk if request.auth is not None else self.get_ident(request)}"
