"""The stream of events in Valkey: appended to in one round trip that brings the sessions up to date too.

A Lua script, because the session's cut depends on its last event: a transaction (MULTI) would need a read before it, hence two
round trips and a race between them. See docs/decisions for the figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from shop import valkey
from shop.events import sessions
from shop.events.types import StoredEvent, decode, encode

REMEMBER_MESSAGE_ID_SECONDS = 24 * 3600

_append = valkey.Script((Path(__file__).parent / "append.lua").read_text())
_HEAD = (
    int(sessions.GAP.total_seconds() * 1000),
    int(sessions.LIFE.total_seconds()),
    sessions.MOST_ACTS,
    sessions.MOST_CART_LINES,
    REMEMBER_MESSAGE_ID_SECONDS,
)


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """An entry as a consumer gets it."""

    stream_id: str
    body: bytes
    session_id: str

    def event(self) -> StoredEvent:
        """The event, its session filled in.

        Raises:
            msgspec.DecodeError: the entry is none of ours.
        """
        event = decode(self.body)
        event.session_id = self.session_id
        return event


def append(events: Iterable[StoredEvent], *, remember: frozenset[str] | None = None) -> int:
    """Append events and update the sessions of their visitors, all or nothing, in one round trip.

    Args:
        events: in the order to append them.
        remember: message ids that carry no time of the sender: appended once in 24 hours.

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
            "-" if event.type == "logged_out" else event.shopper_id,
            at_ms,
            sessions.act_line(event, at_ms),
            sessions.cart_lines(event, at_ms),
            seen,
            str(event.id),
            encode(event),
        )
    return int(_append([settings.EVENT_STREAM], arguments))
