"""Who declined personal recommendations, in Valkey, for requests that read it in their own round trip and ask no database.

The table is the truth. Whoever changes ``Shopper.personalised`` (saving, ``update``) writes it within the transaction: where Valkey
is away nothing is taken, and the caller is told. Where Valkey lost what it held, ``refill_declined`` of
:mod:`shop.people.tasks` brings it back; until then all are taken to have declined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shop import valkey

FILLED = "filled:declined"
BATCH = 5_000


def key(shopper_id: str) -> str:
    """Valkey key that stands for a shopper who declined."""
    return f"declined:{shopper_id}"


def tell(shopper_ids: Iterable[str], *, declined: bool) -> None:
    """Say it of shoppers.

    Raises:
        the exceptions of ``valkey.AWAY``: it is not said.
    """
    client, keys = valkey.client(), [key(shopper_id) for shopper_id in shopper_ids]
    for start in range(0, len(keys), BATCH):
        part = keys[start : start + BATCH]
        if declined:
            client.mset(dict.fromkeys(part, b"1"))
        else:
            client.delete(*part)


def queue_read(trip: valkey.Trip, shopper_id: str) -> None:
    """Ask within a caller's round trip; its last two replies go to :func:`parse`."""
    trip.get(FILLED)
    trip.get(key(shopper_id))


def parse(replies: list[Any]) -> bool:
    """Whether the shopper declined, or Valkey does not know who did."""
    filled, declined = replies
    return filled is None or declined is not None


def is_known() -> bool:
    """Whether Valkey knows who declined.

    Raises:
        the exceptions of ``valkey.AWAY``.
    """
    client: Any = valkey.client()
    return bool(client.exists(FILLED))


def untold(shopper_ids: Sequence[str]) -> list[str]:
    """Those, of at most :data:`BATCH` who declined, of whom Valkey does not know it.

    Raises:
        the exceptions of ``valkey.AWAY``.
    """
    said: Any = valkey.client().mget([key(shopper_id) for shopper_id in shopper_ids]) if shopper_ids else []
    return [shopper_id for shopper_id, word in zip(shopper_ids, said, strict=True) if word is None]


def all_are_told() -> None:
    """Say that who is not said to have declined did not.

    Raises:
        the exceptions of ``valkey.AWAY``: it is not said.
    """
    valkey.client().set(FILLED, "1")
