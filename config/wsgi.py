"""WSGI entry: the whole site, and a short path for the hot endpoints.

Events and recommendations need neither sessions, CSRF, languages nor messages, so they run through a handler with the middleware of
:data:`HOT_MIDDLEWARE` only and a table of few routes (measured in docs/benchmarks.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest
from django.urls import get_resolver
from django.utils.module_loading import import_string

from config.checks import require_safe_configuration

HOT_PREFIXES = ("/api/v1/events", "/api/v1/recommendations/", "/v1/")
HOT_MIDDLEWARE = ("config.hot_middleware.ShortMiddleware",)


class HotHandler(WSGIHandler):
    """Django's handler with its own short list of middleware and routes."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the chain from :data:`HOT_MIDDLEWARE`."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        handler = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        for path in reversed(HOT_MIDDLEWARE):
            middleware = import_string(path)(handler)
            self._exception_middleware.append(middleware.process_exception)
            handler = convert_exception_to_response(middleware)
        self._middleware_chain = handler

    def resolve_request(self, request: HttpRequest) -> Any:
        """Find the view among the hot routes."""
        match = get_resolver("config.hot_urls").resolve(request.path_info)
        request.resolver_match = match
        return match

    def get_response(self, request: HttpRequest) -> Any:
        """Answer; errors are logged by ``convert_exception_to_response``, refusals are the client's to read."""
        response: Any = self._middleware_chain(request)
        response._resource_closers.append(request.close)
        return response


require_safe_configuration()
_site = get_wsgi_application()
from recommender import serving  # noqa: E402 - needs Django set up

_hot = HotHandler()
# Facts and models are loaded before the first shopper waits for them.
if settings.SERVING_WATCH:
    serving.start()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    if environ.get("PATH_INFO", "").startswith(HOT_PREFIXES):
        return _hot(environ, start_response)
    return _site(environ, start_response)
