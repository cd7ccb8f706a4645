"""ASGI entry for connections that stay open: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

A small Starlette application beside the WSGI site, so that an open inbox holds no thread of the web workers. Each stream wakes on
a word from Valkey and then reads the database, so what is shown is what is stored; ``Last-Event-ID`` goes on where
a connection broke. See docs/decisions/0001-live-pages-on-their-own-port.md.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from config.checks import require_safe_configuration

DRAIN_SECONDS = 3.0


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    from shop.streaming import HUB

    listener = asyncio.create_task(HUB.listen())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(_end_by_signal()))
    try:
        yield
    finally:
        HUB.close()
        listener.cancel()


async def _end_by_signal() -> None:
    """End every stream, then the process. The server itself would wait for the streams first, which never end by themselves."""
    from shop.streaming import HUB

    HUB.close()
    deadline = time.monotonic() + DRAIN_SECONDS
    while HUB.count and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    # What was written last is still on its way through the server's own threads.
    await asyncio.sleep(0.2)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)


async def livez(request: Request) -> PlainTextResponse:
    """Alive."""
    return PlainTextResponse("ok")


def make_application() -> Starlette:
    """Every stream there is."""
    django.setup()
    require_safe_configuration()
    from push.inbox.stream import inbox

    return Starlette(
        routes=[Route("/live/inbox", inbox), Route("/livez", livez)],
        lifespan=_lifespan,
    )


application = make_application()
