"""Server-sent events for the live process (config/live.py): who may listen, waking, heartbeats, bounds. For ASGI only.

A stream is an async generator of text; :func:`answer` makes a response of it. Wakes come over Valkey channels
through one connection (:class:`Hub`), whatever the number of listeners.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis.asyncio
import structlog
from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

HEARTBEAT_SECONDS = 15.0
# The browser comes again after this; a stream ends after an hour, so that a login that ended is noticed.
RETRY_MS = 2_000
LONGEST_SECONDS = 3_600.0
MAX_LISTENERS = 1_000
MAX_FOR_ONE = 6
log = structlog.get_logger(__name__)
T = TypeVar("T")

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live-db")


async def from_database(function: Callable[..., T], *arguments: Any) -> T:
    """Call blocking ``function`` in one of a few threads, each with a database connection of its own."""

    def call() -> T:
        close_old_connections()
        try:
            return function(*arguments)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_threads, call)


def message(event: str, data: Any, event_id: int | str = "") -> str:
    """One event of a stream."""
    identified = f"id: {event_id}\n" if event_id else ""
    return f"event: {event}\n{identified}data: {json.dumps(data, separators=(',', ':'))}\n\n"


class Busy(Exception):
    """There is no room for another listener."""


@dataclass(eq=False)
class Listener:
    """One open connection that waits for ``topic``."""

    topic: str
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def wake(self) -> None:
        """Let it look."""
        self.woken.set()

    def end(self) -> None:
        """Let it say goodbye."""
        self.ended = True
        self.woken.set()

    async def wait(self, seconds: float = HEARTBEAT_SECONDS) -> bool:
        """Wait for a wake; False: nothing came within ``seconds``."""
        try:
            await asyncio.wait_for(self.woken.wait(), seconds)
        except TimeoutError:
            return False
        self.woken.clear()
        return True


class Hub:
    """Listeners by topic ("channel:name"), woken by what is published on Valkey."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._channels: set[str] = set()
        self.count = 0
        self.closed = False

    def carry(self, channel: str) -> str:
        """Have wakes of the Valkey channel ``channel`` passed on; return its name."""
        self._channels.add(channel)
        return channel

    @contextmanager
    def listener(self, channel: str, name: str) -> Iterator[Listener]:
        """A listener for what is published as ``name`` on ``channel``; of the same person's too many, the oldest ends.

        Raises:
            Busy: :data:`MAX_LISTENERS` are listening, or the process is about to end.
        """
        if self.count >= MAX_LISTENERS or self.closed:
            raise Busy
        topic = f"{channel}:{name}"
        mine = Listener(topic)
        others = self._listeners[topic]
        if name and len(others) >= MAX_FOR_ONE:
            others[0].end()
        others.append(mine)
        self.count += 1
        try:
            yield mine
        finally:
            self.count -= 1
            others.remove(mine)
            if not others:
                self._listeners.pop(topic, None)

    def wake(self, channel: str, name: str) -> None:
        """Wake who listens for ``name`` on ``channel``, and who listens for all of it (the empty name)."""
        for topic in {f"{channel}:{name}", f"{channel}:"}:
            for listener in self._listeners.get(topic, ()):
                listener.wake()

    def wake_all(self) -> None:
        """Wake everybody: nobody knows what was missed."""
        for listeners in list(self._listeners.values()):
            for listener in listeners:
                listener.wake()

    def close(self) -> None:
        """End every stream: the browsers come again, to whoever listens then."""
        self.closed = True
        for listeners in list(self._listeners.values()):
            for listener in list(listeners):
                listener.end()

    async def listen(self) -> None:
        """Pass on wakes until cancelled; Valkey away is tried again every second."""
        while True:
            try:
                await self._listen_once()
            except (redis.RedisError, OSError) as error:
                log.warning("live_wakes_away", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL)
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(*sorted(self._channels))
                self.wake_all()
                async for word in pubsub.listen():
                    if word["type"] == "message":
                        self.wake(word["channel"].decode(), word["data"].decode("utf-8", "replace"))
        finally:
            await client.aclose()


HUB = Hub()


def _host(address: str) -> str:
    return urlsplit(address if "//" in address else f"//{address}").hostname or ""


def allowed_origin(request: Request) -> str | None:
    """The origin to name in the answer: empty for the same origin, None for one that is not the shop's."""
    origin = request.headers.get("origin", "")
    if not origin:
        return ""
    ours = {_host(request.headers.get("host", "")), _host(settings.PUBLIC_URL)}
    return origin if _host(origin) in ours else None


def user_of(request: Request) -> Any:
    """The user behind the session cookie (Django's AnonymousUser without one). Blocking."""
    engine = import_module(settings.SESSION_ENGINE)
    plain = HttpRequest()
    plain.session = engine.SessionStore(request.cookies.get(settings.SESSION_COOKIE_NAME))
    return get_user(plain)


def refuse(status: int, words: str, origin: str = "") -> Response:
    """A refusal that the page's script may read."""
    headers = {"Retry-After": "10"} if status == 503 else {}
    return PlainTextResponse(words, status, headers=headers | _cors(origin))


def _cors(origin: str) -> dict[str, str]:
    if not origin:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}


def answer(events: AsyncIterator[str], origin: str) -> Response:
    """The response that streams ``events``."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers | _cors(origin))
