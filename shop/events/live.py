"""The live view: the newest events as they arrive, those refused included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import redis.asyncio
import structlog
from django.conf import settings

from shop import clock, valkey
from shop.events.intake import Rejection
from shop.events.stream import unpack
from shop.stream_ids import position

log = structlog.get_logger(__name__)

REFUSED_KEY = "events:refused"
REFUSED_KEPT = 500
REFUSED_LIFE_SECONDS = 7 * 24 * 3600
MOST_NOTED_AT_ONCE = 50


def note_refused(rejected: Iterable[Rejection], *, source: str, key_prefix: str) -> None:
    """Keep refusals for the live view (never their bodies). Valkey away: they go unseen, nothing else."""
    try:
        pipe = valkey.client().pipeline(transaction=False)
        for refusal in list(rejected)[:MOST_NOTED_AT_ONCE]:
            entry = {
                "at": clock.now().isoformat(),
                "source": source,
                "key": key_prefix,
                "index": refusal.index,
                "field": refusal.field[:80],
                "reason": refusal.reason[:200],
            }
            pipe.xadd(REFUSED_KEY, {"e": msgspec.json.encode(entry)}, maxlen=REFUSED_KEPT, approximate=True)
        pipe.expire(REFUSED_KEY, REFUSED_LIFE_SECONDS)
        pipe.execute()
    except valkey.AWAY as error:
        log.warning("refusal_unseen", reason=str(error))


def recent(n: int = 50) -> list[dict[str, Any]]:
    """The newest ``n`` events and refusals, newest first.

    Each is a dictionary with ``stream_id`` and ``refused``. An event has the columns of a stored one (times as ISO 8601 text); a
    refusal has ``at``, ``source``, ``key``, ``index``, ``field`` and ``reason``. Empty when Valkey is away.
    """
    try:
        pipe = valkey.client().pipeline(transaction=False)
        pipe.xrevrange(settings.EVENT_STREAM, count=n)
        pipe.xrevrange(REFUSED_KEY, count=n)
        taken, refused = pipe.execute()
    except valkey.AWAY as error:
        log.warning("live_view_empty", reason=str(error))
        return []
    rows = [row for entry in taken for row in reversed(_event_rows(*entry))] + [_refused_row(*one) for one in refused]
    return sorted(rows, key=lambda row: position(row["stream_id"]), reverse=True)[:n]


async def follow(last_event: str = "$", last_refused: str = "$") -> AsyncIterator[dict[str, Any] | None]:
    """Rows of :func:`recent` as they come, oldest first; None about every 15 s, to keep a connection alive.

    Args:
        last_event: stream id to go on after; ``$`` begins with what comes next. Likewise ``last_refused``.
    """
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL, protocol=2)
    positions: dict[Any, Any] = {settings.EVENT_STREAM: last_event, REFUSED_KEY: last_refused}
    try:
        while True:
            try:
                reply: Any = await client.xread(positions, count=100, block=15_000)
            except valkey.AWAY:
                await asyncio.sleep(1)
                reply = []
            if not reply:
                yield None
            for name, entries in reply:
                positions[name.decode()] = entries[-1][0]
                is_refused = name.decode() == REFUSED_KEY
                for entry in entries:
                    for row in [_refused_row(*entry)] if is_refused else _event_rows(*entry):
                        yield row
    finally:
        await client.aclose()


def _event_rows(stream_id: bytes, fields: dict[bytes, bytes]) -> list[dict[str, Any]]:
    """The events of one entry, oldest first; those that cannot be read are left out."""
    rows = []
    for entry in unpack(stream_id, fields):
        try:
            row: dict[str, Any] = msgspec.to_builtins(entry.event())
        except msgspec.DecodeError:
            continue
        rows.append({"refused": False, "stream_id": entry.stream_id, **row})
    return rows


def _refused_row(stream_id: bytes, fields: dict[bytes, bytes]) -> dict[str, Any]:
    return {"refused": True, "stream_id": stream_id.decode(), **msgspec.json.decode(fields[b"e"])}
