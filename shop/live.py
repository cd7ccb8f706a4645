"""Where browsers reach the process that serves server-sent events (config/live.py)."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest


def live_url(request: HttpRequest, path: str) -> str:
    """Address of ``path`` (``"/live/inbox"``) on the live process, for the page that answers ``request``.

    The same origin where a proxy leads ``/live/`` there (production), ``LIVE_URL`` where one is set. The demo has no
    proxy: there it is the host the browser already uses, at ``LIVE_PORT``. Cookies do not know ports, so the session goes along;
    the live process allows this origin with credentials (``new EventSource(url, {withCredentials: true})``).
    """
    if settings.LIVE_URL or not settings.DEBUG:
        return f"{settings.LIVE_URL}{path}"
    host = re.sub(r":\d+$", "", request.get_host())
    return f"{request.scheme}://{host}:{settings.LIVE_PORT}{path}"
