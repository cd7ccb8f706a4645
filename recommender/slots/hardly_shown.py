"""Which products are hardly shown, known to each process: found every few minutes by the watch and before other facts serve,
never within a request; new products count at once, since nobody was shown them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recommender.exploration import counting
from recommender.known.facts import prepare_also
from recommender.known.product_facts import ProductFacts

REFRESH_SECONDS = 120.0


@dataclass(frozen=True)
class Exposure:
    """How often products were shown lately: ``shown`` by id, and when that was read (monotonic seconds)."""

    shown: dict[str, int]
    read_at: float


@dataclass(frozen=True)
class Hardly:
    """What is hardly shown, by an exposure.

    Attributes:
        products: how many rows of the facts were looked at.
        is_hardly: (products,) 1 where hardly shown: octets, as ``ProductFacts.buyable`` has them.
        by_category: number of a category to rows of the facts, ascending; ``all``: the rows of any.
    """

    exposure: Exposure
    products: int
    is_hardly: bytes
    by_category: dict[int, NDArray[np.int64]]
    all: NDArray[np.int64]
    _there: dict[int, tuple[list[int], int, NDArray[np.int64]]] = field(default_factory=dict)

    def of_category(self, facts: ProductFacts, code: int) -> NDArray[np.int64]:
        """Those of a category that can be bought, looked for again when a product changed.

        What moved to another category since they were found is in neither.
        """
        held, changes = self._there.get(code), len(facts.changed)
        if held is None or held[0] is not facts.changed or held[1] != changes:
            rows = self.by_category[code]
            there = (np.frombuffer(facts.buyable, np.uint8)[rows] == 1) & (facts.category[rows] == code)
            # The changes were counted first: what changes meanwhile is seen by the next look.
            held = self._there[code] = (facts.changed, changes, rows[np.flatnonzero(there)])
        return held[2]


_exposure = Exposure({}, -REFRESH_SECONDS)


def load(facts: ProductFacts) -> None:
    """Read how often products were shown, where that was not done lately, and find those that hardly were: before requests ask."""
    global _exposure
    if time.monotonic() - _exposure.read_at >= REFRESH_SECONDS:
        shown = counting.shown_lately(facts.ids)
        found = {product_id: int(count) for product_id, count in zip(facts.ids, shown.tolist(), strict=True) if count}
        _exposure = Exposure(found, time.monotonic())
    held: Hardly | None = facts.hardly
    if held is None or held.exposure is not _exposure:
        facts.hardly = _found(facts, _exposure)


def forget() -> None:
    """Nothing is known (tests)."""
    global _exposure
    _exposure = Exposure({}, -REFRESH_SECONDS)


def _prepare(facts: ProductFacts) -> None:
    facts.hardly = _found(facts, _exposure)


prepare_also(_prepare)


def hardly_shown(facts: ProductFacts) -> Hardly:
    """As the watch found them; products that came since were shown to nobody."""
    held: Hardly | None = facts.hardly
    if held is None:
        held = facts.hardly = _found(facts, _exposure)
    elif held.products < len(facts):
        held = facts.hardly = _with_new(held, facts)
    return held


def _found(facts: ProductFacts, exposure: Exposure) -> Hardly:
    fewest = settings.EXPLORATION_BELOW
    seldom = np.ones(len(facts), np.bool_)
    # Few are shown often: the others are not gone through.
    often = (facts.row.get(shown) for shown, count in exposure.shown.items() if count >= fewest)
    seldom[[row for row in often if row is not None]] = False
    rows = np.flatnonzero(seldom)
    return Hardly(exposure, len(facts), seldom.tobytes(), _by_category(facts, rows), rows)


def _with_new(held: Hardly, facts: ProductFacts) -> Hardly:
    """With the rows that were added to the facts: in a request, so that only these are gone through."""
    added = np.arange(held.products, len(facts))
    by_category = dict(held.by_category)
    for code, rows in _by_category(facts, added).items():
        by_category[code] = np.concatenate([by_category.get(code, rows[:0]), rows])
    is_hardly = held.is_hardly + b"\1" * len(added)
    return Hardly(held.exposure, len(facts), is_hardly, by_category, np.concatenate([held.all, added]))


def _by_category(facts: ProductFacts, rows: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    if not len(rows):
        return {}
    category = facts.category[rows]
    order = np.argsort(category, kind="stable")
    codes, starts = np.unique(category[order], return_index=True)
    return dict(zip(codes.tolist(), np.split(rows[order], starts[1:]), strict=True))
