"""Operators read every time of day in the shop's zone, as the figures of a day are counted in it."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class ShopTimeMiddleware:
    """Pages of the admin are rendered with the shop's time zone current."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        if not request.path_info.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(ZoneInfo(settings.SHOP_TIME_ZONE)):
            return self.get_response(request)
