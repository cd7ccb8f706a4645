"""The guard where slates are made: places for hardly shown products, with the probability of each kept for later estimates.

One call, :func:`with_hardly_shown`, after the products of a slate are chosen. Which products are hardly shown is known to each
process: read every few minutes by the watch, and new products count at once, since nobody was shown them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recommender.exploration import counting
from recommender.exploration.mixing import Mixed, mix
from recommender.serving.facts import ProductFacts

SOURCE = "exploration"
REFRESH_SECONDS = 120.0
# Drawn before rules are asked: they remove few.
SAMPLE = 24

Item = TypeVar("Item")


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


def with_hardly_shown(
    shown: list[Item],
    ids: list[str],
    facts: ProductFacts,
    allowed: Callable[[str], bool],
    make: Callable[[str, float], Item],
    *,
    share: float,
    rng: np.random.Generator,
    fixed: Collection[int] = (0,),
) -> Mixed[Item]:
    """A slate of which places went to hardly shown products.

    Args:
        shown, ids: the items that were chosen, and their products.
        allowed: whether no rule removes a product.
        make: an item of a product and the score of the place it takes.
        share: of all places, on average; 0 changes nothing.
        fixed: places that are kept (the first one, pins).
    """
    pool, stands_for = _pool(ids, facts, allowed, rng) if share > 0 and len(shown) > 1 else ([], 0.0)
    places, extra = list(range(len(shown))), [~which for which in range(len(pool))]
    mixed = mix(places, extra, share, rng, fixed=fixed, stands_for=stands_for)
    items = [shown[at] if at >= 0 else make(pool[~at], place) for place, at in enumerate(mixed.items)]
    return Mixed(items, mixed.probability, mixed.explored)


def _pool(
    ids: list[str], facts: ProductFacts, allowed: Callable[[str], bool], rng: np.random.Generator
) -> tuple[list[str], float]:
    """Hardly shown products that may be shown, of the categories that the slate is about, else of all: an even sample, and of how
    many, by the share of it that rules let through."""
    hardly = _hardly_shown(facts)
    about = {int(facts.category[facts.row[product_id]]) for product_id in ids if product_id in facts.row}
    parts = [hardly.by_category[category] for category in sorted(about) if category in hardly.by_category]
    for rows in (np.concatenate(parts) if parts else np.zeros(0, np.int64), hardly.all):
        rows = rows[facts.active[rows] & (facts.stock[rows] > 0)]
        drawn = rng.permutation(len(rows))[:SAMPLE] if len(rows) <= 4 * SAMPLE else rng.integers(len(rows), size=SAMPLE)
        standing = set(ids)
        found = [facts.ids[row] for row in dict.fromkeys(rows[drawn].tolist())]
        if pool := [product_id for product_id in found if product_id not in standing and allowed(product_id)]:
            return pool, len(rows) * len(pool) / len(found)
    return [], 0.0
