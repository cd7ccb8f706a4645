"""The guard where slates are made: places for hardly shown products, with the probability of each kept for later estimates.

One call, :func:`guarded`, after the products of a slate are chosen.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import accumulate
from random import Random

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recommender.exploration.mixing import draw_places
from recommender.known.product_facts import ProductFacts
from recommender.slates.slate import Reason, SlateItem
from recommender.slots.choosing import Choice
from recommender.slots.diversity import Shares
from recommender.slots.hardly_shown import Hardly, hardly_shown
from recommender.slots.rooms import Rooms
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask, SlotType

SOURCE = "exploration"


def share_of(slot: ServedSlot) -> float:
    """Of the places of a slot, how many go to hardly shown products: its own share, else the shop's; 0 for types of facts."""
    if not slot.kind.explores:
        return 0.0
    if slot.exploration is not None:
        return slot.exploration
    return float(settings.EXPLORATION_SHARE) if slot.kind.explores_unasked else 0.0


def guarded(ask: Ask, choice: Choice) -> Choice:
    """A choice of which places went to hardly shown products, in slots whose type explores.

    The first place and pinned products stay, and no cap of the slot is exceeded by it. Within a visit the same places go to the
    same products.
    """
    share = share_of(ask.slot)
    if share <= 0:
        return choice
    fixed = {0, *(place for place, item in enumerate(choice.items) if "pinned" in item.applied)}
    free = [place for place in range(len(choice.items)) if place not in fixed]
    if not free:
        return choice
    facts = ask.facts
    standing = [facts.row[item.product_id] for item in choice.items]
    shares = Shares.of(ask.slot.diversity, facts, ask.k)
    rooms = Rooms(shares, facts, standing, free)
    pool = _pool(ask, standing, rooms)
    if not len(pool):
        return choice
    # Under caps not all that is drawn has room: places are drawn more often for it.
    means = pool.means(rooms) if shares is not None else [1.0] * len(free)
    often = sum(means) / len(means)
    if not often:
        return choice
    draw = draw_places(len(choice.items), fixed, share / often, rng := _chance_of_visit(ask), len(pool))
    stead = {}
    numbers = rng.sample(range(len(pool)), len(draw.places)) if draw.places else []
    for place, number in zip(draw.places, numbers, strict=True):
        # The row is looked up where the category has room: mostly it has none.
        if not rooms.allows_category(place, pool.category(number), rng):
            continue
        at = pool.row(number)
        if rooms.allows_brand(place, at, rng):
            chance = draw.chance / len(pool) * rooms.chance(place, at)
            stead[place] = _explored(choice.items[place], facts.ids[at], chance)
    said = {mean: {"kept": round(1 - draw.chance * mean, 6)} for mean in set(means) if mean}
    items = list(choice.items)
    for place, mean in zip(free, means, strict=True):
        if place in stead:
            items[place] = stead[place]
        elif mean:
            items[place] = _kept(items[place], said[mean])
    return Choice(tuple(items), choice.removed, choice.skipped)


def _chance_of_visit(ask: Ask) -> Random:
    """The same within a visit; nobody's visits are not one visit."""
    somebody = ask.visit and not ask.visit.startswith("|")
    return Random(f"explore {ask.slot.name} {ask.visit}" if somebody else (ask.luck or random).getrandbits(64))


def _explored(item: SlateItem, product_id: str, probability: float) -> SlateItem:
    """A hardly shown product in the stead of a chosen one."""
    reason, applied = Reason("seldom_seen"), {"explored": round(probability, 9)}
    return SlateItem(product_id, item.score, reason, SOURCE, applied, probability=item.probability)


def _kept(item: SlateItem, kept: dict[str, float]) -> SlateItem:
    """A product whose place might have been given away, and was not; ``kept`` is said of it."""
    # Nine of a slate: to name the parts takes a third of what replacing one of them does.
    applied = {**item.applied, **kept} if item.applied else kept
    return SlateItem(item.product_id, item.score, item.reason, item.source, applied, item.probability, item.team)


def _pool(ask: Ask, standing: list[int], rooms: Rooms) -> _Near | _Rows:
    """All hardly shown products that may stand in a slate, of the categories that it is about; else of any.

    All of them, not a sample: what is drawn has one over their number as its probability, exactly.
    """
    facts, slot = ask.facts, ask.slot
    hardly, category, path = hardly_shown(facts), facts.category.item, facts.category_paths
    out = {*standing, *[facts.row.get(each, -1) for each in ask.asked.kept_out]} - {-1}
    # In one order, whatever order the set has: the same visit draws the same products.
    about = sorted({category(at) for at in standing}, key=path.__getitem__)
    near = [code for code in about if code in hardly.by_category and rooms.open_to_category(code)]
    pool: _Near | _Rows
    if slot.filter is None and type(slot.kind).may_explore is SlotType.may_explore and not rooms.by_brand:
        pool = _Near(facts, hardly, near, out)
    else:
        parts = [hardly.of_category(facts, code) for code in near]
        pool = _Rows(facts, _allowed(ask, np.concatenate(parts), out, rooms) if parts else hardly.all[:0])
    if len(pool) > len(standing):
        return pool
    buyable = np.frombuffer(facts.buyable, np.uint8)[hardly.all] == 1
    return _Rows(facts, _allowed(ask, hardly.all[buyable], out, rooms))


def _allowed(ask: Ask, rows: NDArray[np.int64], out: Collection[int], rooms: Rooms) -> NDArray[np.int64]:
    """Those that the caps leave room for, that the slot's filter and its type let through, and that are not out."""
    facts, slot = ask.facts, ask.slot
    rows = rooms.open_to(rows)
    if slot.filter is not None:
        rows = rows[slot.filter.holds(facts, rows, this=ask.this, now_ms=ask.at_ms)]
    rows = slot.kind.may_explore(ask, rows)
    # A dozen among thousands: to mark a dozen takes less than to compare thousands with them.
    left = np.ones(len(facts), np.bool_)
    left[list(out)] = False
    return rows[left[rows]]


class _Rows:
    """Hardly shown products, by rows of the facts."""

    def __init__(self, facts: ProductFacts, rows: NDArray[np.int64]) -> None:
        self.facts, self.rows = facts, rows

    def __len__(self) -> int:
        return len(self.rows)

    def means(self, rooms: Rooms) -> list[float]:
        """(free places,) with which chance one of them may stand at each."""
        if rooms.by_brand:
            return rooms.means(self.rows)
        codes, counts = np.unique(self.facts.category[self.rows], return_counts=True)
        return rooms.means_by_category(dict(zip(codes.tolist(), counts.tolist(), strict=True)))

    def category(self, number: int) -> int:
        """Of the product at a number."""
        return self.facts.category.item(self.rows.item(number))

    def row(self, number: int) -> int:
        """Its row of the facts."""
        return self.rows.item(number)


class _Near:
    """The same of some categories where no filter asks of each product: counted, and looked up when one is drawn."""

    def __init__(self, facts: ProductFacts, hardly: Hardly, codes: Sequence[int], out: Collection[int]) -> None:
        self.codes, self.rows = codes, {code: hardly.of_category(facts, code) for code in codes}
        self.counts = {code: len(rows) for code, rows in self.rows.items()}
        self.out: dict[int, list[int]] = {}
        category, counts, is_hardly = facts.category.item, self.counts, hardly.is_hardly
        for row in out:
            if (code := category(row)) in counts and is_hardly[row] and facts.buyable[row]:
                self.out.setdefault(code, []).append(row)
                counts[code] -= 1
        self.ends = list(accumulate(counts.values()))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def means(self, rooms: Rooms) -> list[float]:
        """(free places,) with which chance one of them may stand at each."""
        return rooms.means_by_category(self.counts)

    def category(self, number: int) -> int:
        """Of the product at a number."""
        return self.codes[bisect_right(self.ends, number)]

    def row(self, number: int) -> int:
        """Its row of the facts."""
        at = bisect_right(self.ends, number)
        rows, place = self.rows[self.codes[at]], number - (self.ends[at - 1] if at else 0)
        for passed in rows.searchsorted(sorted(self.out.get(self.codes[at], ()))).tolist():
            place += passed <= place
        return rows.item(place)
