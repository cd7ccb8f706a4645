"""Pins: products that stand at a place of a slot for a time, as far as they may be shown at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.days import shop_zone


@dataclass(frozen=True)
class Pin:
    """A product at a place, from one moment to another (ms since the epoch, UTC; None: open)."""

    product_id: str
    position: int
    starts_ms: int | None = None
    ends_ms: int | None = None

    def stands(self, now_ms: int) -> bool:
        """Whether it is in force; the end is the first moment without it."""
        return stands(self.starts_ms, self.ends_ms, now_ms)


def stands(starts_ms: int | None, ends_ms: int | None, now_ms: int) -> bool:
    """Whether a moment lies within what one end (None: open) of each side bounds; the end is the first moment without."""
    return (starts_ms is None or starts_ms <= now_ms) and (ends_ms is None or now_ms < ends_ms)


def standing(
    pins: Iterable[Pin], k: int, now_ms: int, refused: Callable[[str], str]
) -> tuple[dict[int, str], dict[str, str]]:
    """(place to product, product to the rule that forbids it) of the pins in force within the first ``k`` places.

    Of several for one place the first that may be shown has it: the others wait for their turn, and are not said to be refused.
    """
    placed: dict[int, str] = {}
    skipped: dict[str, str] = {}
    for pin in pins:
        free = pin.position <= k and pin.position not in placed and pin.product_id not in placed.values()
        if free and pin.stands(now_ms):
            if rule := refused(pin.product_id):
                skipped[pin.product_id] = rule
            else:
                placed[pin.position] = pin.product_id
    return placed, skipped


def put(pinned: dict[int, Any], others: list[Any], k: int) -> list[Any]:
    """Items with the pinned ones at their places (1 is the first), or at the end where there are too few before them."""
    rest = iter(others)
    found: list[Any] = []
    for place in range(1, k + 1):
        item = pinned.get(place) or next(rest, None)
        if item is not None:
            found.append(item)
    return found


def in_shop_time(moment: datetime | None) -> datetime | None:
    """A moment as entered, without a zone: it is meant in the shop's."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=shop_zone())
