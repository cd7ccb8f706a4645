"""The guard where slates are made: places for hardly shown products, with the probability of each kept for later estimates.

One call, :func:`guarded`, after the products of a slate are chosen. Which products are hardly shown is known to each
process: read every few minutes by the watch, and new products count at once, since nobody was shown them.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recommender.exploration import counting
from recommender.exploration.mixing import mix
from recommender.serving.choosing import Choice
from recommender.serving.facts import ProductFacts
from recommender.serving.rules import Asked, Removed, allowed
from recommender.serving.slates import Reason, SlateItem
from recommender.slots.types.base import Ask

SOURCE = "exploration"
REFRESH_SECONDS = 120.0
# Drawn before rules and stock are asked.
SAMPLE = 32


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
        rows = np.array(
            [row for row, product_id in enumerate(facts.ids) if exposure.shown.get(product_id, 0) < fewest], np.int64
        )
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
    # Nobody's visits are not one visit.
    somebody = ask.visit and not ask.visit.startswith("|")
    seed = zlib.crc32(f"explore {ask.slot.name} {ask.visit}".encode()) if somebody else None
    rng = np.random.Generator(np.random.SFC64(seed))
    ids = [item.product_id for item in choice.items]
    asked, unheard = Asked.of(ask.facts, ask.known, ask.exclude, ask.slot.rules), Removed()
    pool, stands_for = _pool(ids, ask.facts, lambda product_id: allowed(product_id, asked, unheard), rng)
    fixed = {0, *(place for place, item in enumerate(choice.items) if "pinned" in item.applied)}
    places, extra = list(range(len(ids))), [~which for which in range(len(pool))]
    mixed = mix(places, extra, share, rng, fixed=fixed, stands_for=stands_for)
    items = tuple(
        _item(choice, place, pool[~at] if at < 0 else "", probability)
        for place, (at, probability) in enumerate(zip(mixed.items, mixed.probability, strict=True))
    )
    return replace(choice, items=items)


def _item(choice: Choice, place: int, product_id: str, probability: float) -> SlateItem:
    """The item of a place: the chosen one, or ``product_id`` in its stead."""
    item = choice.items[place]
    if product_id:
        return SlateItem(product_id, item.score, Reason("seldom_seen"), SOURCE, {"explored": round(probability, 6)})
    return replace(item, applied={**item.applied, "kept": round(probability, 6)}) if probability < 1 else item


def _pool(
    ids: list[str], facts: ProductFacts, allowed: Callable[[str], bool], rng: np.random.Generator
) -> tuple[list[str], float]:
    """Hardly shown products that may be shown, of the categories that the slate is about, else of all: an even sample, and of how
    many, by the share of it that rules let through."""
    hardly = _hardly_shown(facts)
    about = {int(facts.category[facts.row[product_id]]) for product_id in ids if product_id in facts.row}
    near = [hardly.by_category[category] for category in sorted(about) if category in hardly.by_category]
    standing = set(ids)
    for parts in (near, [hardly.all]):
        drawn = _even_sample(parts, rng)
        drawn = drawn[facts.active[drawn] & (facts.stock[drawn] > 0)] if len(drawn) else drawn
        found = [facts.ids[row] for row in drawn.tolist()]
        if pool := [product_id for product_id in found if product_id not in standing and allowed(product_id)]:
            size = sum(map(len, parts))
            return pool, size * len(pool) / min(size, SAMPLE)
    return [], 0.0


def _even_sample(parts: list[NDArray[np.int64]], rng: np.random.Generator) -> NDArray[np.int64]:
    """At most :data:`SAMPLE` different rows of several arrays, which are not put together: there may be many."""
    ends = np.cumsum([len(rows) for rows in parts])
    size = int(ends[-1]) if len(ends) else 0
    if size <= SAMPLE:
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)
    places = rng.choice(size, SAMPLE, replace=False, shuffle=False)
    which = np.searchsorted(ends, places, side="right")
    starts = np.concatenate([[0], ends[:-1]])
    return np.array([parts[part][place - starts[part]] for part, place in zip(which, places, strict=True)], np.int64)
