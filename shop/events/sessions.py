"""The live session of a visitor, in Valkey: what they did, what lies in their cart, what they bought.

Written by the same round trip that appends an event (``append.lua``); read in one GET. A session ends after
:data:`GAP` without an event; cart and purchases outlive it as long as the key does (:data:`LIFE`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import structlog

from shop import valkey
from shop.events.types import IMPRESSIONS, StoredEvent

log = structlog.get_logger(__name__)

GAP = timedelta(minutes=30)
LIFE = timedelta(days=7)
MOST_ACTS = 50
MOST_CART_LINES = 150
# Told when the shop deals with an order, often days later: they name the browser it came from, and say nothing of who is there now.
ELSEWHERE = frozenset({"order_cancelled", "order_refunded"})
# An act of a session that is no type of events: one or two stars.
RATED_LOW = "product_rated_low"
MIDDLE_STARS = 3
SEPARATOR = "\x1f"  # ids hold no control characters: shop/events/intake.py refuses them


class Act(NamedTuple):
    """Something done with a product."""

    type: str
    product_id: str
    at_ms: int


@dataclass(frozen=True)
class Session:
    """What a visitor did since they came; ``in_cart``, ``bought`` and ``earlier`` reach back further.

    Attributes:
        session_id: id of the event that began it.
        shopper_id: who the visitor is known to be, or empty.
        started_at_ms: milliseconds since the epoch, UTC, as are all times here.
        acts: oldest first, the newest :data:`MOST_ACTS`.
        in_cart: product ids, in the order they were added.
        bought: product ids of the last days, newest last.
        earlier_lines: acts of the sessions before, the newest :data:`MOST_ACTS`, as lines; see :attr:`earlier`.
    """

    session_id: str
    visitor_id: str
    shopper_id: str
    started_at_ms: int
    last_at_ms: int
    acts: list[Act] = field(default_factory=list)
    in_cart: list[str] = field(default_factory=list)
    bought: list[str] = field(default_factory=list)
    earlier_lines: str = ""

    @property
    def earlier(self) -> list[Act]:
        """Acts of the sessions before, oldest first; put in order only where somebody asks."""
        return acts_of(self.earlier_lines)


def key(visitor_id: str) -> str:
    """Valkey key of a visitor's session."""
    return f"session:{visitor_id}"


def read_session(visitor_id: str) -> Session | None:
    """The visitor's session; None where there is none, or Valkey is away (logged)."""
    try:
        reply: Any = valkey.client().get(key(visitor_id))
    except valkey.AWAY as error:
        log.warning("session_unread", reason=str(error))
        return None
    return parse(reply, visitor_id)


def queue_read(pipe: Any, visitor_id: str) -> None:
    """Add the read to a pipeline of the caller; give its reply to :func:`parse`."""
    pipe.get(key(visitor_id))


def forget(visitor_id: str) -> None:
    """Delete a visitor's session (erasure)."""
    valkey.client().delete(key(visitor_id))


_Kept = tuple[str, int, int, str, int, str, int, str, int, str]
_decode = msgspec.msgpack.Decoder(_Kept).decode
_FIELDS = 10


def parse(reply: bytes | None, visitor_id: str = "") -> Session | None:
    """The session in the reply to :func:`queue_read`; None for none."""
    if not reply:
        return None
    try:
        found = _decode(reply)
    except msgspec.ValidationError:
        found = _decode_of_another_release(reply)
    session_id, started, last, shopper_id, _, act_lines, _, cart_lines, _, earlier = found
    in_cart, bought = _replay(_lines(cart_lines))
    acts = acts_of(act_lines)
    return Session(session_id, visitor_id, shopper_id, started, last, acts, in_cart, bought, earlier)


def _decode_of_another_release(reply: bytes) -> _Kept:
    """Older ones kept no earlier acts; newer ones may keep more, behind what is known here."""
    known = msgspec.msgpack.decode(reply, type=list[Any])[:_FIELDS]
    whole: _Kept = msgspec.convert([*known, 0, ""] if len(known) == _FIELDS - 2 else known, _Kept)
    return whole


def acts_of(lines: str) -> list[Act]:
    """The acts of lines as the script keeps them, oldest first."""
    return [Act(kind, product_id, at) for at, kind, product_id in _lines(lines)]


def _lines(text: str) -> list[tuple[int, str, str]]:
    """Lines as (ms, kind, product), in order of time. A line that came twice (a retry) stands once."""
    parts = (line.split(SEPARATOR) for line in dict.fromkeys(text.split("\n")) if line)
    return sorted(((int(at), kind, product_id) for at, kind, product_id in parts), key=lambda line: line[0])


def _replay(lines: list[tuple[int, str, str]]) -> tuple[list[str], list[str]]:
    """What is in the cart and what was bought after ``lines``."""
    in_cart: dict[str, None] = {}
    bought: dict[str, None] = {}
    for _, kind, product_id in lines:
        if kind == "add":
            in_cart[product_id] = None
        elif kind == "remove":
            in_cart.pop(product_id, None)
        elif kind == "order":
            in_cart.clear()
        elif kind == "returned":
            bought.pop(product_id, None)
        else:
            bought.pop(product_id, None)
            bought[product_id] = None
    return list(in_cart), list(bought)


def act_line(event: StoredEvent, at_ms: int) -> str:
    """The line that ``event`` adds to the acts; empty for an impression or an event without a product."""
    if not event.product_id or event.type in IMPRESSIONS:
        return ""
    return f"{at_ms}{SEPARATOR}{_act(event)}{SEPARATOR}{event.product_id}\n"


def _act(event: StoredEvent) -> str:
    """Its type; of a bad rating another one, since lines hold no stars."""
    bad = event.type == "product_rated" and event.value is not None and event.value < MIDDLE_STARS
    return RATED_LOW if bad else event.type


def cart_lines(event: StoredEvent, at_ms: int) -> str:
    """The lines that ``event`` adds to cart and purchases."""
    if event.type == "product_added" and event.product_id:
        return f"{at_ms}{SEPARATOR}add{SEPARATOR}{event.product_id}\n"
    if event.type == "product_removed" and event.product_id:
        return f"{at_ms}{SEPARATOR}remove{SEPARATOR}{event.product_id}\n"
    if event.type == "order_completed":
        lines = [f"{at_ms}{SEPARATOR}order{SEPARATOR}\n"]
        lines += [f"{at_ms}{SEPARATOR}bought{SEPARATOR}{product_id}\n" for product_id in products_of(event)]
        return "".join(lines)
    if event.type == "order_cancelled":
        return "".join(f"{at_ms}{SEPARATOR}returned{SEPARATOR}{product_id}\n" for product_id in products_of(event))
    return ""


def products_of(event: StoredEvent) -> list[str]:
    """Product ids of an order's event: its own and those of ``properties.products``, each once, at most 100."""
    found = {event.product_id: None} if event.product_id else {}
    products = event.properties.get("products")
    for line in products if isinstance(products, list) else ():
        product_id = line.get("product_id") if isinstance(line, dict) else None
        if isinstance(product_id, str | int) and str(product_id).isprintable():
            found[str(product_id)[:128]] = None
    return list(found)[:100]
