"""What caches may keep of pages that know who is looking."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

View = Callable[..., Any]


def _with(view: View, **directives: Any) -> View:
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, **directives)
        return response

    return wrapped


def private(view: View) -> View:
    """``private, no-store``: carts, orders, accounts; nothing of them may stay in a browser either."""
    return _with(view, no_store=True)


def revalidated(view: View) -> View:
    """``private, no-cache``: lists and products. The browser may hold the page for "Back", so it returns to the same place."""
    return _with(view, no_cache=True)
