"""Visitors that an event says to be somebody join that shopper, whichever way the event came; they are never moved to another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

# Not what follows a link of an e-mail: it may have been passed on.
SAYS_WHO = frozenset(("identified", "logged_in", "signed_up"))
MOST_REMEMBERED = 50_000
# Shoppers first, as everybody locks them who joins a visitor (shop/events/identities.py). An erased one stays so.
_KNOWN = "SELECT id FROM shop_shopper WHERE id = ANY(%s) AND erased_at IS NULL ORDER BY id FOR KEY SHARE"
_JOIN = """
INSERT INTO shop_visitor (id, shopper_id, linked_at) SELECT visitor, shopper, now() FROM unnest(%s, %s) AS said (visitor, shopper)
ON CONFLICT DO NOTHING
"""

_joined: set[tuple[str, str]] = set()


def who_is_who(events: Iterable[Any]) -> dict[str, str]:
    """Visitor to the shopper they are first said to be, of those not joined by this process lately."""
    said: dict[str, str] = {}
    for event in events:
        if event.type in SAYS_WHO and event.visitor_id and event.shopper_id:
            said.setdefault(event.visitor_id, event.shopper_id)
    return {visitor: shopper for visitor, shopper in said.items() if (visitor, shopper) not in _joined}


def join(said: dict[str, str]) -> set[tuple[str, str]]:
    """Join visitors to shoppers that exist; within a transaction.

    Returns:
        The pairs that are joined now. Those of which nothing more is to be done go to :func:`remember` after the commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [sorted(set(said.values()))])
        known = {row[0] for row in cursor.fetchall()}
        pairs = sorted(pair for pair in said.items() if pair[1] in known)
        if pairs:
            cursor.execute(_JOIN, [[visitor for visitor, _ in pairs], [shopper for _, shopper in pairs]])
    return set(pairs)


def remember(pairs: set[tuple[str, str]]) -> None:
    """Do not ask the database for these again."""
    if len(_joined) > MOST_REMEMBERED:
        _joined.clear()
    _joined.update(pairs)


def forget() -> None:
    """Ask the database for everybody (tests)."""
    _joined.clear()
