"""Visitors that an event says to be somebody join that shopper, whichever way the event came; they are never moved to another."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from django.db import connection

# Not what follows a link of an e-mail: it may have been passed on.
SAYS_WHO = frozenset(("identified", "logged_in", "signed_up"))
MOST_REMEMBERED = 50_000
# Shoppers first, as everybody locks them who joins a visitor (shop/events/identities.py). An erased one stays so.
_KNOWN = "SELECT id FROM shop_shopper WHERE id = ANY(%s) AND erased_at IS NULL ORDER BY id FOR KEY SHARE"
_JOIN = """
INSERT INTO shop_visitor (id, shopper_id, linked_at, vouched)
SELECT visitor, shopper, now(), vouched FROM unnest(%s, %s, %s) AS said (visitor, shopper, vouched)
ON CONFLICT (id) DO UPDATE SET vouched = true
WHERE excluded.vouched AND NOT shop_visitor.vouched AND shop_visitor.shopper_id = excluded.shopper_id
"""

_joined: set[tuple[str, str]] = set()


def who_is_who(events: Iterable[Any]) -> dict[str, str]:
    """Visitor to the shopper they are first said to be, of those not joined by this process lately."""
    said: dict[str, str] = {}
    for event in events:
        if event.type in SAYS_WHO and event.visitor_id and event.shopper_id:
            said.setdefault(event.visitor_id, event.shopper_id)
    return {visitor: shopper for visitor, shopper in said.items() if (visitor, shopper) not in _joined}


def join(said: dict[str, str], vouched: Set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Join visitors to shoppers that exist; within a transaction.

    Args:
        vouched: the pairs that the shop itself said.

    Returns:
        The pairs that are joined now. Those of which nothing more is to be done go to :func:`remember` after the commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [sorted(set(said.values()))])
        known = {row[0] for row in cursor.fetchall()}
        pairs = sorted(pair for pair in said.items() if pair[1] in known)
        if pairs:
            visitors, shoppers = zip(*pairs, strict=True)
            cursor.execute(_JOIN, [list(visitors), list(shoppers), [pair in vouched for pair in pairs]])
    return set(pairs)


def remember(pairs: set[tuple[str, str]]) -> None:
    """Do not ask the database for these again."""
    if len(_joined) > MOST_REMEMBERED:
        _joined.clear()
    _joined.update(pairs)


def forget() -> None:
    """Ask the database for everybody (tests)."""
    _joined.clear()
