"""The live inbox: items and the unread count as server-sent events, for config/live.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from time import monotonic
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from starlette.requests import Request
from starlette.responses import Response

from push.inbox import reading
from push.inbox.live import WAKES
from push.inbox.models import InboxItem
from shop import clock, streaming
from shop.streaming import HUB, Busy, Listener

# Numbers are given before rows are committed: one may appear below a number already seen, for this long.
LATE = timedelta(seconds=30)

HUB.carry(WAKES)


async def inbox(request: Request) -> Response:
    """``GET /live/inbox``: events ``item`` (its number as id) and ``count``. Starts after ``Last-Event-ID``, or ``?after=``."""
    origin = streaming.allowed_origin(request)
    if origin is None:
        return streaming.refuse(403, "not from this origin")
    shopper_id = await streaming.from_database(_shopper_id, request)
    if not shopper_id:
        return streaming.refuse(401, "log in first", origin)
    start = request.headers.get("last-event-id") or request.query_params.get("after", "")
    since = int(start) if start.isascii() and start.isdigit() and len(start) < 19 else None
    if HUB.closed or HUB.count >= streaming.MAX_LISTENERS:
        return streaming.refuse(503, "too many listeners", origin)
    return streaming.answer(_events(shopper_id, since), origin)


def _shopper_id(request: Request) -> str:
    user: AbstractBaseUser | Any = streaming.user_of(request)
    shopper = getattr(user, "shopper", None) if user.is_authenticated else None
    return shopper.pk if shopper is not None else ""


class _Seen:
    """Which items a page has been sent, so that a late one below the newest is sent too, and none twice."""

    def __init__(self, shopper_id: str, since: int) -> None:
        self.shopper_id = shopper_id
        self._floor = since
        self._sent: set[int] = set()

    def look(self) -> tuple[list[InboxItem], int]:
        """Items not yet sent, oldest first, and how many are unread. Blocking."""
        found = reading.after(self.shopper_id, self._floor)
        fresh = [item for item in found if item.pk not in self._sent]
        self._sent |= {item.pk for item in fresh}
        settled = clock.now() - LATE
        for item in found:
            if item.created_at > settled:
                break
            self._floor = item.pk
        self._sent = {number for number in self._sent if number > self._floor}
        return fresh, reading.unread(self.shopper_id)


async def _events(shopper_id: str, since: int | None) -> AsyncIterator[str]:
    if since is None:
        since = await streaming.from_database(reading.newest_id, shopper_id)
    try:
        with HUB.listener(WAKES, shopper_id) as listener:
            async for text in _talk(listener, _Seen(shopper_id, since)):
                yield text
    except Busy:
        return


async def _talk(listener: Listener, seen: _Seen) -> AsyncIterator[str]:
    yield f"retry: {streaming.RETRY_MS}\n\n"
    began, count = monotonic(), -1
    while not listener.ended and monotonic() - began < streaming.LONGEST_SECONDS:
        items, unread = await streaming.from_database(seen.look)
        for item in items:
            yield streaming.message("item", reading.as_json(item), item.pk)
        if items or unread != count:
            count = unread
            yield streaming.message("count", {"unread": unread})
        elif not await listener.wait():
            # Also looks again: a wake that was lost costs one heartbeat.
            yield ": still here\n\n"
