"""WSGI entry: the whole site, and a short path for the hot endpoints.

Events and recommendations need neither sessions, CSRF, languages nor messages, so they run through a handler with the middleware of
:data:`HOT_MIDDLEWARE` only and a table of few routes (measured in docs/benchmarks.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, get_resolver
from django.utils.module_loading import import_string

from config.checks import require_safe_configuration

HOT_PREFIXES = ("/api/v1/events", "/api/v1/recommendations/", "/api/v1/feedback", "/v1/")
# Under a prefix that is not hot.
HOT_SUFFIX = "/similar"
HOT_MIDDLEWARE = ("config.hot_middleware.ShortMiddleware",)


class HotHandler:
    """What Django's handler does for a request, with a short list of middleware and routes, and no signals around it."""

    def __init__(self) -> None:
        # Errors become answers within the middleware, so that they carry what it sets.
        handler: Any = convert_exception_to_response(_answer)
        for path in reversed(HOT_MIDDLEWARE):
            handler = import_string(path)(handler)
        self._handle = handler

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request of the server's; an answer that streams is read as fast as it is sent."""
        # What `request_started` does for the database: a connection that broke, or that is old, is not used again.
        close_old_connections()
        response = self._handle(WSGIRequest(environ))
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return response if response.streaming else [response.content]


def _answer(request: HttpRequest) -> HttpResponse:
    view, args, kwargs = request.resolver_match = _route(request.path_info)
    response: HttpResponse = view(request, *args, **kwargs)
    return response


@lru_cache(maxsize=256)
def _route(path: str) -> ResolverMatch:
    """The hot view of a path; a path without one raises ``Resolver404``, which is not remembered."""
    return get_resolver("config.hot_urls").resolve(path)


require_safe_configuration()
_site = get_wsgi_application()
from recommender import serving  # noqa: E402 - needs Django set up

_hot = HotHandler()
# Facts and models are loaded before the first shopper waits for them.
if settings.SERVING_WATCH:
    serving.start()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    path = environ.get("PATH_INFO", "")
    if path.startswith(HOT_PREFIXES) or (path.endswith(HOT_SUFFIX) and path.startswith("/api/v1/products/")):
        return _hot(environ, start_response)
    return _site(environ, start_response)
