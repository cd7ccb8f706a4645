"""Slates that leave the shop: a message takes the first of the products chosen that can still be had, and only these were shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from recommender.slates import slate_log
from recommender.slates.slate import Slate, is_fallback
from recommender.slots import snapshot


@dataclass(frozen=True)
class Sent:
    """A slate in a message.

    Attributes:
        slate: as chosen, with some to spare (``recommend_many(..., log=False)``).
        shown: product ids that are in the message.
        size: how many it was to show.
    """

    slate: Slate
    shopper_id: str
    shown: Collection[str]
    size: int


def log_sent(sent: Iterable[Sent]) -> None:
    """Log what messages show; without Valkey they go out all the same, and the log says so."""
    if slates := [(as_shown(each), "", each.shopper_id) for each in sent]:
        slate_log.write(slates)


def as_shown(sent: Sent) -> Slate:
    """The slate of what was shown; it says how many of the products chosen were not."""
    chosen, shown = sent.slate, frozenset(sent.shown)
    items = tuple(item for item in chosen.items if item.product_id in shown)
    slot = snapshot.current().get(chosen.slot)
    to_be_full = slot is not None and slot.kind.fills
    spare = len(chosen.items) - len(items)
    return replace(
        chosen,
        items=items,
        fallback=is_fallback(items) and bool(items or to_be_full),
        short=to_be_full and len(items) < sent.size,
        chosen_from={**chosen.chosen_from, **({"spare": spare} if spare else {})},
    )
