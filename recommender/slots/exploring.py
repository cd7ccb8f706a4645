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
from recommender.slots.diversity import Shares
from recommender.slots.rooms import Rooms
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

    The first place and pinned products stay, and no cap of the slot is exceeded by it. Within a visit the same places go to the
    same products.
    """
    share = share_of(ask.slot)
    if share <= 0 or len(choice.items) < 2:
        return choice
    places = len(choice.items)
    fixed = {0, *(place for place, item in enumerate(choice.items) if "pinned" in item.applied)}
    # Nobody's visits are not one visit.
    somebody = ask.visit and not ask.visit.startswith("|")
    seed = f"explore {ask.slot.name} {ask.visit}" if somebody else (ask.luck or random).getrandbits(64)
    pool = _Pool(ask, choice, fixed)
    if pool.rooms is not None:
        return _under_caps(ask, choice, pool, pool.rooms, share, Random(seed))
    draw = draw_places(places, fixed, share, rng := Random(seed), places)
    if not draw.places and pool.has_more_than(places):
        # Most slates: none is given away, and how many products there would be does not matter.
        kept = _kept_by(draw.chance)
        items = tuple([each if at in fixed else _kept(each, kept) for at, each in enumerate(choice.items)])
        return Choice(items, choice.removed, choice.skipped)
    rows = pool.rows()
    if len(rows) < places:
        draw = draw_places(places, fixed, share, rng := Random(seed), len(rows))
    if not draw.chance:
        return choice
    kept = _kept_by(draw.chance)
    stead = {place: (row, draw.chance / len(rows)) for place, row in _drawn(draw, rows, rng)}
    return _with(ask, choice, stead, {place: kept for place in range(places) if place not in fixed})


def _under_caps(ask: Ask, choice: Choice, pool: _Pool, rooms: Rooms, share: float, rng: Random) -> Choice:
    """As without caps, but that what is drawn for a place stands there only if it has room: so places are drawn more often."""
    rows = pool.rows()
    means = rooms.means(rows) if len(rows) else np.zeros(1)
    often = float(means.mean())
    if not often:
        return choice
    draw = draw_places(len(choice.items), pool.fixed, share / often, rng, len(rows))
    stead = {
        place: (row, draw.chance / len(rows) * rooms.chance(place, row))
        for place, row in _drawn(draw, rows, rng)
        if rooms.allows(place, row, rng)
    }
    given = (draw.chance * means).tolist()
    return _with(ask, choice, stead, {place: _kept_by(given[at]) for place, at in rooms.place_of.items() if given[at]})


def _drawn(draw: Draw, rows: NDArray[np.int64], rng: Random) -> list[tuple[int, int]]:
    """(place, row of the facts) of what is drawn evenly for each place."""
    drawn = rng.sample(range(len(rows)), len(draw.places)) if draw.places else []
    return [(place, int(rows[at])) for place, at in zip(draw.places, drawn, strict=True)]


def _with(ask: Ask, choice: Choice, stead: dict[int, tuple[int, float]], kept: dict[int, dict[str, float]]) -> Choice:
    """Place to the row of what stands there instead and with which probability; and what is said of those that are kept."""
    ids = ask.facts.ids
    items = tuple(
        [
            _explored(item, ids[stead[place][0]], stead[place][1])
            if place in stead
            else (_kept(item, kept[place]) if place in kept else item)
            for place, item in enumerate(choice.items)
        ]
    )
    return Choice(items, choice.removed, choice.skipped)


def _explored(item: SlateItem, product_id: str, probability: float) -> SlateItem:
    """A hardly shown product in the stead of a chosen one."""
    reason, applied = Reason("seldom_seen"), {"explored": round(probability, 9)}
    return SlateItem(product_id, item.score, reason, SOURCE, applied, probability=item.probability)


def _kept_by(chance: float) -> dict[str, float]:
    """What is said of a product whose place might have been given away, with ``chance``, and was not."""
    return {"kept": round(1 - chance, 6)}


def _kept(item: SlateItem, kept: dict[str, float]) -> SlateItem:
    # Nine of a slate: to name the parts takes a third of what replacing one of them does.
    applied = {**item.applied, **kept} if item.applied else kept
    return SlateItem(item.product_id, item.score, item.reason, item.source, applied, item.probability, item.team)


class _Pool:
    """All hardly shown products that may stand in a slate, of the categories that it is about; else of any.

    All of them, not a sample: what is drawn has one over their number as its probability, exactly.

    Attributes:
        rooms: what the slot's caps leave; None without caps, or where no place may be given away.
    """

    def __init__(self, ask: Ask, choice: Choice, fixed: set[int]) -> None:
        facts = ask.facts
        self.ask, self.hardly, self.places, self.fixed = ask, _hardly_shown(facts), len(choice.items), fixed
        row, path, category = facts.row, facts.category_paths, facts.category.item
        standing = [row.get(item.product_id, -1) for item in choice.items]
        self.out = {*standing, *[row.get(each, -1) for each in ask.asked.kept_out]}
        about = {path[category(at)] for at in standing if at >= 0}
        # In one order, whatever order the set has: the same visit draws the same products.
        self.near = [self.hardly.by_category[each] for each in sorted(about) if each in self.hardly.by_category]
        shares = Shares.of(ask.slot.diversity, facts, ask.k)
        free = [place for place in range(self.places) if place not in fixed]
        self.rooms = Rooms(shares, facts, standing, free) if shares is not None and free else None

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
        """Those that rules, the slot's filter and its type let through, and that its caps leave room for."""
        facts, slot = self.ask.facts, self.ask.slot
        rows = rows[np.frombuffer(facts.buyable, np.uint8)[rows] == 1]
        if self.rooms is not None:
            rows = self.rooms.open_to(rows)
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
