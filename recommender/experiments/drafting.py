"""The slate of an interleaved experiment: each arm's products as it would show them, pins that all have, caps over the whole."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from msgspec.structs import replace as replaced

from recommender.experiments.interleaving import draft
from recommender.slates.slate import SlateItem
from recommender.slots import pinning
from recommender.slots.choosing import Choice, choose
from recommender.slots.diversity import Shares
from recommender.slots.types.base import Ask


def drafted(
    letters: Sequence[str], asks: Sequence[Ask], choices: Sequence[Choice], size: int, slate_id: UUID
) -> Choice:
    """The slate that all arms fill; its id is the seed, so that the draft can be repeated.

    Caps hold over all of it, alike for every arm, while any arm has a product to fill it.

    Args:
        letters: of the arms.
        asks, choices: what each asks for and would show by itself.
    """
    pinned = _pins_of_all(choices)
    out = {item.product_id for item in pinned.values()}
    slates = [[item for item in choice.items if item.product_id not in out] for choice in choices]
    wanted, luck = size - len(pinned), random.Random(slate_id.int)
    shares = _caps_of_all(asks, size)
    if shares is None:
        chosen = _draft(slates, wanted, luck)
    else:
        shares.count(out)
        chosen = _draft(slates, wanted, luck, shares)
        _fill_up(chosen, asks, out, wanted, luck, shares)
    items = [replaced(item, team=letters[team]) for item, team in chosen]
    return replaced(choices[0], items=tuple(pinning.put(pinned, items, size)))


def _draft(
    slates: list[list[SlateItem]], size: int, luck: random.Random, shares: Shares | None = None
) -> list[tuple[SlateItem, int]]:
    def fits(item: SlateItem) -> bool:
        return shares is None or shares.takes(item.product_id)

    return draft(slates, size, luck, key=lambda item: item.product_id, fits=fits)


def _caps_of_all(asks: Sequence[Ask], size: int) -> Shares | None:
    """The caps that every arm keeps: alike for all of them, and none is refused what it would show by itself."""
    caps = {name: [int(ask.slot.diversity.get(name) or 0) for ask in asks] for name in ("category", "brand")}
    return Shares.of({name: max(most) for name, most in caps.items() if all(most)}, asks[0].facts, size)


def _fill_up(
    chosen: list[tuple[SlateItem, int]],
    asks: Sequence[Ask],
    pinned: set[str],
    wanted: int,
    luck: random.Random,
    shares: Shares,
) -> None:
    """Places that caps leave empty: each arm names what it would show beside what stands; where none has room, whatever it is."""
    while len(chosen) < wanted:
        standing, missing = pinned | {item.product_id for item, _ in chosen}, wanted - len(chosen)
        beside = [replace(ask, slot=replace(ask.slot, pins=()), k=missing) for ask in asks]
        slates = [list(choose(ask, standing).items) for ask in beside]
        added = _draft(slates, missing, luck, shares)
        if not added:
            chosen += _draft(slates, missing, luck)
            return
        chosen += added


def _pins_of_all(choices: Sequence[Choice]) -> dict[int, SlateItem]:
    """Place to product where every arm has the same one pinned: the operator's word, which is no arm's merit."""
    first, *others = (
        {place: item for place, item in enumerate(choice.items, 1) if item.applied.get("pinned")} for choice in choices
    )
    return {
        place: item
        for place, item in first.items()
        if all(place in other and other[place].product_id == item.product_id for other in others)
    }
