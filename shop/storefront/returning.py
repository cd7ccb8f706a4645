"""Back to the page a form was sent from, by way of the login where one is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def safe_next(request: HttpRequest, fallback: str) -> str:
    """The form's ``next``, else the referring page, where it is a page of this shop; else ``fallback``."""
    for target in (request.POST.get("next", ""), request.headers.get("Referer", "")):
        if target and url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            parts = urlsplit(target)
            # Two slashes at the start would be read as the name of another host.
            return f"/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")
    return fallback


def back(request: HttpRequest, fallback: str = "") -> HttpResponseRedirect:
    """Redirect to :func:`safe_next` (``fallback``: the home page)."""
    return HttpResponseRedirect(safe_next(request, fallback or reverse("home")))


def login_first(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """``view`` for who is logged in; others log in and come back: after a form, which is gone, to the page it stood on."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        asked_for_a_page = request.method in ("GET", "HEAD")
        return redirect_to_login(request.get_full_path() if asked_for_a_page else safe_next(request, reverse("home")))

    return wrapped
