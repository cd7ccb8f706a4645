"""Back to the page a form was sent from."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def safe_next(request: HttpRequest, fallback: str) -> str:
    """The form's ``next``, else the referring page, where it is a page of this shop; else ``fallback``."""
    for target in (request.POST.get("next", ""), request.headers.get("Referer", "")):
        if target and url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            parts = urlsplit(target)
            return parts.path + (f"?{parts.query}" if parts.query else "")
    return fallback


def back(request: HttpRequest, fallback: str = "") -> HttpResponseRedirect:
    """Redirect to :func:`safe_next` (``fallback``: the home page)."""
    return HttpResponseRedirect(safe_next(request, fallback or reverse("home")))
