"""The guard where slates are made: places for hardly shown products, with the probability of each kept for later estimates.

One call, :func:`guarded`, after the products of a slate are chosen. Which products are hardly shown is known to each
process: found every few minutes by the watch and before other facts serve, never within a request; new products count at once,
since nobody was shown them.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from random import Random

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recommender.exploration import counting
from recommender.exploration.mixing import Draw, draw_places
from recommender.known.facts import prepare_also
from recommender.known.product_facts import ProductFacts
from recommender.slates.slate import Reason, SlateItem
from recommender.slots.choosing import Choice
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask

SOURCE = "exploration"
REFRESH_SECONDS = 120.0
# A first look at the products that may be explored: this many times the places of the slate.
LOOK = 4


@dataclass(frozen=True)
class Exposure:
    """How often products were shown lately: ``shown`` by id, and when that was read (monotonic seconds)."""

    shown: dict[str, int]
    read_at: float


@dataclass(frozen=True)
class _Hardly:
    """What is hardly shown, by an exposure.

    Attributes:
        products: how many rows of the facts were looked at.
        by_category: path of a category to rows of the facts; ``all``: the rows of any.
    """

    exposure: Exposure
    products: int
    by_category: dict[str, NDArray[np.int64]]
    all: NDArray[np.int64]


_exposure = Exposure({}, -REFRESH_SECONDS)


def load(facts: ProductFacts) -> None:
    """Read how often products were shown, where that was not done lately, and find those that hardly were: before requests ask."""
    global _exposure
    if time.monotonic() - _exposure.read_at >= REFRESH_SECONDS:
        shown = counting.shown_lately(facts.ids)
        found = {product_id: int(count) for product_id, count in zip(facts.ids, shown.tolist(), strict=True) if count}
        _exposure = Exposure(found, time.monotonic())
    held: _Hardly | None = facts.hardly
    if held is None or held.exposure is not _exposure:
        facts.hardly = _found(facts, _exposure)


def forget() -> None:
    """Nothing is known (tests)."""
    global _exposure
    _exposure = Exposure({}, -REFRESH_SECONDS)


def _prepare(facts: ProductFacts) -> None:
    facts.hardly = _found(facts, _exposure)


prepare_also(_prepare)


def _hardly_shown(facts: ProductFacts) -> _Hardly:
    """As the watch found them; products that came since were shown to nobody."""
    held: _Hardly | None = facts.hardly
    if held is None:
        held = facts.hardly = _found(facts, _exposure)
    elif held.products < len(facts):
        held = facts.hardly = _with_new(held, facts)
    return held


def _found(facts: ProductFacts, exposure: Exposure) -> _Hardly:
    fewest = settings.EXPLORATION_BELOW
    seldom = np.ones(len(facts), np.bool_)
    # Few are shown often: the others are not gone through.
    often = (facts.row.get(shown) for shown, count in exposure.shown.items() if count >= fewest)
    seldom[[row for row in often if row is not None]] = False
    rows = np.flatnonzero(seldom)
    return _Hardly(exposure, len(facts), _by_category(facts, rows), rows)


def _with_new(held: _Hardly, facts: ProductFacts) -> _Hardly:
    """With the rows that were added to the facts: in a request, so that only these are gone through."""
    added = np.arange(held.products, len(facts))
    by_category = dict(held.by_category)
    for path, rows in _by_category(facts, added).items():
        by_category[path] = np.concatenate([by_category.get(path, rows[:0]), rows])
    return _Hardly(held.exposure, len(facts), by_category, np.concatenate([held.all, added]))


def _by_category(facts: ProductFacts, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    if not len(rows):
        return {}
    category = facts.category[rows]
    order = np.argsort(category, kind="stable")
    numbers, starts = np.unique(category[order], return_index=True)
    paths = [facts.category_paths[number] for number in numbers.tolist()]
    return dict(zip(paths, np.split(rows[order], starts[1:]), strict=True))


def share_of(slot: ServedSlot) -> float:
    """Of the places of a slot, how many go to hardly shown products: its own share, else the shop's; 0 for types of facts."""
    if not slot.kind.explores:
        return 0.0
    if slot.exploration is not None:
        return slot.exploration
    return float(settings.EXPLORATION_SHARE) if slot.kind.explores_unasked else 0.0


def guarded(ask: Ask, choice: Choice) -> Choice:
    """A choice of which places went to hardly shown products, in slots whose type explores.

    The first place and pinned products stay. Within a visit the same places go to the same products.
    """
    share = share_of(ask.slot)
    if share <= 0 or len(choice.items) < 2:
        return choice
    places = len(choice.items)
    fixed = {0, *(place for place, item in enumerate(choice.items) if "pinned" in item.applied)}
    # Nobody's visits are not one visit.
    somebody = ask.visit and not ask.visit.startswith("|")
    seed = f"explore {ask.slot.name} {ask.visit}" if somebody else (ask.luck or random).getrandbits(64)
    draw = draw_places(places, fixed, share, rng := Random(seed), places)
    pool = _Pool(ask, choice)
    if not draw.places and pool.has_more_than(places):
        # Most slates: none is given away, and how many products there would be does not matter.
        kept = _kept_by(draw)
        items = tuple([each if at in fixed else _kept(each, kept) for at, each in enumerate(choice.items)])
        return Choice(items, choice.removed, choice.skipped)
    rows = pool.rows()
    if len(rows) < places:
        draw = draw_places(places, fixed, share, rng := Random(seed), len(rows))
    if not draw.chance:
        return choice
    drawn = rng.sample(range(len(rows)), len(draw.places)) if draw.places else []
    stead = dict(zip(draw.places, (ask.facts.ids[rows[place]] for place in drawn), strict=True))
    kept = _kept_by(draw)
    items = tuple(
        [
            _explored(item, stead[place], draw.chance / len(rows))
            if place in stead
            else (item if place in fixed else _kept(item, kept))
            for place, item in enumerate(choice.items)
        ]
    )
    return Choice(items, choice.removed, choice.skipped)


def _explored(item: SlateItem, product_id: str, probability: float) -> SlateItem:
    """A hardly shown product in the stead of a chosen one."""
    reason, applied = Reason("seldom_seen"), {"explored": round(probability, 9)}
    return SlateItem(product_id, item.score, reason, SOURCE, applied, probability=item.probability)


def _kept_by(draw: Draw) -> dict[str, float]:
    """What is said of a product that might have been given away, and was not."""
    return {"kept": round(1 - draw.chance, 6)}


def _kept(item: SlateItem, kept: dict[str, float]) -> SlateItem:
    # Nine of a slate: to name the parts takes a third of what replacing one of them does.
    applied = {**item.applied, **kept} if item.applied else kept
    return SlateItem(item.product_id, item.score, item.reason, item.source, applied, item.probability, item.team)


class _Pool:
    """All hardly shown products that may stand in a slate, of the categories that it is about; else of any.

    All of them, not a sample: what is drawn has one over their number as its probability, exactly.
    """

    def __init__(self, ask: Ask, choice: Choice) -> None:
        facts = ask.facts
        self.ask, self.hardly, self.places = ask, _hardly_shown(facts), len(choice.items)
        row, path, category = facts.row, facts.category_paths, facts.category.item
        standing = [row.get(item.product_id, -1) for item in choice.items]
        self.out = {*standing, *[row.get(each, -1) for each in ask.asked.kept_out]}
        about = {path[category(at)] for at in standing if at >= 0}
        # In one order, whatever order the set has: the same visit draws the same products.
        self.near = [self.hardly.by_category[each] for each in sorted(about) if each in self.hardly.by_category]

    def has_more_than(self, count: int) -> bool:
        """Whether a look at some of them finds so many already."""
        found, buyable = 0, self.ask.facts.buyable
        for part in self.near:
            first = part[: LOOK * count]
            if self.ask.slot.filter is not None:
                found += len(self._allowed(first))
            else:
                rows = self.ask.slot.kind.may_explore(self.ask, first).tolist()
                found += sum(1 for row in rows if buyable[row] and row not in self.out)
            if found > count:
                return True
        return False

    def rows(self) -> NDArray[np.int64]:
        """Rows of the facts."""
        near = self._allowed(np.concatenate(self.near)) if self.near else self.hardly.all[:0]
        return near if len(near) > self.places else self._allowed(self.hardly.all)

    def _allowed(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those that rules, the slot's filter and its type let through."""
        facts, slot = self.ask.facts, self.ask.slot
        rows = rows[np.frombuffer(facts.buyable, np.uint8)[rows] == 1]
        if slot.filter is not None:
            this = facts.row.get(self.ask.known.product_id, -1)
            rows = rows[slot.filter.holds(facts, rows, this=this, now_ms=self.ask.at_ms)]
        rows = slot.kind.may_explore(self.ask, rows)
        if not len(rows):
            return rows
        # A dozen among thousands: to mark a dozen takes less than to compare thousands with them.
        left = np.ones(len(facts), np.bool_)
        left[list(self.out - {-1})] = False
        return rows[left[rows]]
