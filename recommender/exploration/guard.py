"""The guard where slates are made: places for hardly shown products, with the probability of each kept for later estimates.

One call, :func:`guarded`, after the products of a slate are chosen. Which products are hardly shown is known to each
process: read every few minutes by the watch, and new products count at once, since nobody was shown them.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate, compress
from random import Random

import numpy as np
from django.conf import settings
from msgspec.structs import replace as replaced
from numpy.typing import NDArray

from recommender.exploration import counting
from recommender.exploration.mixing import Draw, draw_places
from recommender.serving.choosing import Choice, inside
from recommender.serving.facts import ProductFacts
from recommender.serving.rules import Asked, Removed, allowed
from recommender.serving.slates import Reason, SlateItem
from recommender.slots.types.base import Ask

SOURCE = "exploration"
REFRESH_SECONDS = 120.0
# Drawn before rules and stock are asked.
SAMPLE = 24


@dataclass(frozen=True)
class Exposure:
    """How often products were shown lately: ``shown`` by id, and when that was read (monotonic seconds)."""

    shown: dict[str, int]
    read_at: float


@dataclass(frozen=True)
class _Hardly:
    """Rows of the facts that are hardly shown, by category; of one set of facts and one exposure."""

    facts: ProductFacts
    exposure: Exposure
    by_category: dict[int, NDArray[np.int64]]
    all: NDArray[np.int64]


_exposure = Exposure({}, -REFRESH_SECONDS)
_hardly: _Hardly | None = None
_lock = threading.Lock()


def load(product_ids: list[str]) -> None:
    """Read how often products were shown, where that was not done lately."""
    global _exposure
    if time.monotonic() - _exposure.read_at < REFRESH_SECONDS:
        return
    shown = counting.shown_lately(product_ids)
    found = {product_id: int(count) for product_id, count in zip(product_ids, shown.tolist(), strict=True) if count}
    _exposure = Exposure(found, time.monotonic())


def forget() -> None:
    """Nothing is known (tests)."""
    global _exposure, _hardly
    _exposure, _hardly = Exposure({}, -REFRESH_SECONDS), None


def _hardly_shown(facts: ProductFacts) -> _Hardly:
    global _hardly
    held = _hardly
    if held is not None and held.exposure is _exposure and held.facts is facts:
        return held
    with _lock:
        exposure = _exposure
        fewest = settings.EXPLORATION_BELOW
        seldom = np.ones(len(facts), np.bool_)
        # Few are shown often: the others are not gone through, since this may be within a request.
        seldom[
            [facts.row[shown] for shown, count in exposure.shown.items() if count >= fewest and shown in facts.row]
        ] = False
        rows = np.flatnonzero(seldom)
        order = np.argsort(facts.category[rows], kind="stable")
        numbers, starts = np.unique(facts.category[rows][order], return_index=True)
        parts = np.split(rows[order], starts[1:]) if len(rows) else []
        held = _Hardly(facts, exposure, dict(zip(numbers.tolist(), parts, strict=True)), rows)
        _hardly = held
    return held


def guarded(ask: Ask, choice: Choice) -> Choice:
    """A choice of which places went to hardly shown products, in slots whose type explores.

    The first place and pinned products stay. Within a visit the same places go to the same products.
    """
    share = settings.EXPLORATION_SHARE
    if share <= 0 or not ask.slot.kind.explores or len(choice.items) < 2:
        return choice
    hardly = _inside_filter(_near(choice, ask.facts), ask)
    fixed = {0, *(place for place, item in enumerate(choice.items) if "pinned" in item.applied)}
    # Nobody's visits are not one visit.
    somebody = ask.visit and not ask.visit.startswith("|")
    rng = Random(f"explore {ask.slot.name} {ask.visit}" if somebody else None)
    size = sum(map(len, hardly))
    draw = draw_places(len(choice.items), fixed, share, rng, size)
    pool, stands_for = _pool(ask, choice, hardly, rng) if draw.places else ([], 0.0)
    stead = dict(zip(draw.places, pool, strict=False))
    items = tuple(
        _explored(item, stead[place], draw.chance / stands_for) if place in stead else _kept(item, place in fixed, draw)
        for place, item in enumerate(choice.items)
    )
    return replace(choice, items=items)


def _explored(item: SlateItem, product_id: str, probability: float) -> SlateItem:
    """A hardly shown product in the stead of a chosen one."""
    reason, applied = Reason("seldom_seen"), {"explored": round(probability, 9)}
    return SlateItem(product_id, item.score, reason, SOURCE, applied, probability=item.probability)


def _kept(item: SlateItem, fixed: bool, draw: Draw) -> SlateItem:
    if fixed or not draw.chance:
        return item
    applied = {**item.applied, "kept": round(1 - draw.chance, 6)}
    return replaced(item, applied=applied)


def _near(choice: Choice, facts: ProductFacts) -> list[NDArray[np.int64]]:
    """Hardly shown products of the categories that the slate is about, else all."""
    hardly = _hardly_shown(facts)
    rows = [facts.row[item.product_id] for item in choice.items if item.product_id in facts.row]
    about = {facts.category.item(row) for row in rows}
    near = [hardly.by_category[category] for category in sorted(about) if category in hardly.by_category]
    return near if sum(map(len, near)) > len(choice.items) else [hardly.all]


def _inside_filter(parts: list[NDArray[np.int64]], ask: Ask) -> list[NDArray[np.int64]]:
    """Those that the slot's filter lets through, as far as it depends on products alone: before the draw, so that a narrow filter
    does not leave its places unexplored."""
    if ask.slot.filter is None or not len(ask.facts):
        return parts
    mask = ask.slot.filter.mask(ask.facts)
    return [passing for part in parts if len(passing := part[mask[part]])]


def _pool(ask: Ask, choice: Choice, parts: list[NDArray[np.int64]], rng: Random) -> tuple[list[str], float]:
    """An even sample, in random order, of the products that may be shown, and of how many, by the share that rules let through."""
    asked, unheard = Asked.of(ask.facts, ask.known, ask.exclude, ask.slot.rules), Removed()
    standing = {item.product_id for item in choice.items}
    drawn = _even_sample(parts, rng)
    found = [ask.facts.ids[row] for row in drawn]
    if (held := inside(found, ask)) is not None:
        found = list(compress(found, held.tolist()))
    pool = [product_id for product_id in found if product_id not in standing and allowed(product_id, asked, unheard)]
    return pool, sum(map(len, parts)) * len(pool) / max(len(drawn), 1)


def _even_sample(parts: list[NDArray[np.int64]], rng: Random) -> list[int]:
    """At most :data:`SAMPLE` different rows of several arrays, which are not put together: there may be many."""
    ends = list(accumulate(map(len, parts)))
    places = rng.sample(range(ends[-1]), min(ends[-1], SAMPLE))
    found = []
    for place in places:
        part = bisect_right(ends, place)
        found.append(int(parts[part][place - (ends[part - 1] if part else 0)]))
    return found
