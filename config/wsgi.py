"""WSGI entry: the whole site, and a short path for the hot endpoints.

Events and recommendations need neither sessions, CSRF nor messages, so they run through a handler with the middleware of
``HOT_MIDDLEWARE`` only (measured in docs/benchmarks.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

from config.checks import require_safe_configuration

require_safe_configuration()
_site = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    return _site(environ, start_response)
