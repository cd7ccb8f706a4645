"""NUL characters: PostgreSQL stores none, so no page looks for one or takes one. The API says so in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from shop.api.middleware import PREFIXES

ADMIN = "/admin/"


class RefuseNul:
    """400 for an address or a form that holds one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the address, and for the admin, which filters by whatever stands in it, at the query."""
        if "\x00" in request.path and not request.path.startswith(PREFIXES):
            return _refused("No address holds a NUL character.")
        if request.path.startswith(ADMIN) and "%00" in request.META.get("QUERY_STRING", ""):
            return _refused("No address holds a NUL character.")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Look at the fields of a form."""
        if request.path.startswith(PREFIXES):
            return None
        for name, values in request.POST.lists():
            if any("\x00" in value for value in (name, *values)):
                return _refused("A field holds a NUL character: take it out and send the form again.")
        return None


def _refused(words: str) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=400, content_type="text/plain")
