"""The stream of events in Valkey: appended to in one round trip that brings the sessions up to date too.

A Lua script, because the session's cut depends on its last event: a transaction (MULTI) would need a read before it, hence two
round trips and a race between them. See docs/decisions for the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from shop import valkey
from shop.events import sessions
from shop.events.types import StoredEvent, decode, encode

REMEMBER_MESSAGE_ID_SECONDS = 24 * 3600
# Of one entry: what a consumer reads at once stays a few megabytes even when shops send the largest events they may.
MOST_EVENTS, MOST_BYTES = 25, 16 * 1024

_append = valkey.Script((Path(__file__).parent / "append.lua").read_text())
_HEAD = (
    int(sessions.GAP.total_seconds() * 1000),
    int(sessions.LIFE.total_seconds()),
    sessions.MOST_ACTS,
    sessions.MOST_CART_LINES,
    REMEMBER_MESSAGE_ID_SECONDS,
    MOST_EVENTS,
    MOST_BYTES,
)


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """One event of the stream as a consumer gets it.

    Attributes:
        stream_id: of the entry that holds it; others may stand in the same one.
        place: its number within that entry, from 0.
    """

    stream_id: str
    body: bytes
    session_id: str
    place: int = 0

    def event(self) -> StoredEvent:
        """The event, its session filled in.

        Raises:
            msgspec.DecodeError: the entry is none of ours.
        """
        event = decode(self.body)
        event.session_id = self.session_id
        return event


def unpack(stream_id: bytes, fields: Mapping[bytes, bytes]) -> list[StreamEntry]:
    """The events of one entry of the stream, in the order in which they came; none of an entry that was deleted."""
    if not fields:
        return []
    bodies, sessions_of = fields.get(b"e", b"").split(b"\n"), fields.get(b"s", b"").decode().split("\n")
    name = stream_id.decode()
    sessions_of += [""] * (len(bodies) - len(sessions_of))
    return [
        StreamEntry(name, body, session_id, place)
        for place, (body, session_id) in enumerate(zip(bodies, sessions_of, strict=False))
    ]


def append(
    events: Iterable[StoredEvent],
    *,
    remember: frozenset[str] | None = None,
    vouched: bool = True,
    elsewhere: frozenset[UUID] = frozenset(),
) -> int:
    """Append events and update the sessions of their visitors, all or nothing, in one round trip.

    Args:
        events: in the order to append them.
        remember: message ids that carry no time of the sender: appended once in 24 hours.
        vouched: the sender knows who the shoppers are (the shop itself, or a secret key). Else their sessions stay nobody's, and
            no recommendations are made of the history of whoever a browser says to be.
        elsewhere: ids of events that say nothing of who is at their browser now, beside those of types that never do.

    Returns:
        How many were appended.

    Raises:
        the exceptions of ``valkey.AWAY``: nothing may be taken as accepted.
    """
    arguments: list[str | int | bytes] = [*_HEAD]
    for event in events:
        at_ms = int(event.occurred_at.timestamp() * 1000)
        seen = f"seen:{event.source}:{event.message_id}" if remember and event.message_id in remember else ""
        arguments += (
            event.visitor_id,
            f".{event.shopper_id}" if event.id in elsewhere else _who(event, vouched),
            at_ms,
            sessions.act_line(event, at_ms),
            sessions.cart_lines(event, at_ms),
            seen,
            str(event.id),
            encode(event),
        )
    return int(_append([settings.EVENT_STREAM], arguments))


def _who(event: StoredEvent, vouched: bool) -> str:
    """The shopper of an event as the script reads it."""
    if event.type == "logged_out":
        return "-"
    if event.type in sessions.ELSEWHERE:
        return f".{event.shopper_id}"
    return f"{'=' if vouched else '~'}{event.shopper_id}" if event.shopper_id else ""
