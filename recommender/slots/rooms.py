"""Room for hardly shown products under the caps of a slot: who may stand where, with a probability that is known exactly.

A product may take the place of one of its own category, since that one makes room. Where its category has room left in the slate,
other places are drawn for it, as many as there is room for. So no cap is exceeded whichever places are given away together, and
what stands at a place depends on that place alone: its probability is a product. Brands likewise, drawn by themselves.

Of the free places each category has as many as its cap leaves beside what is fixed, its own or drawn: all are explored alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from recommender.known.product_facts import ProductFacts
from recommender.slots.diversity import Shares
from recommender.slots.filters.columns import columns_of


class _Cap:
    """One cap in one slate: ``most`` products of a code (of a category, or a brand).

    Attributes:
        codes: (products,) of the facts.
        chance: (free places, codes) with which a product of a code may stand at a free place.
    """

    def __init__(
        self, codes: NDArray[np.int32], count: int, most: int, standing: Sequence[int], free: Sequence[int], nobody: int
    ) -> None:
        self.codes, self.free = codes, free
        at = [int(codes[row]) for row in standing]
        self.own = {place: at[place] for place in free}
        held = Counter(at)
        mine = Counter(self.own.values())
        # Products without a brand are no brand's.
        self.nobody = nobody
        self.room = {code: max(most - taken, 0) for code, taken in held.items()}
        self.most = most
        self.chance = np.full((len(free), count), min(most, len(free)) / len(free))
        for code, room in self.room.items():
            others = len(free) - mine[code]
            self.chance[:, code] = min(room, others) / others if others else 0.0
        for number, place in enumerate(free):
            self.chance[number, self.own[place]] = 1.0
        if nobody >= 0:
            self.chance[:, nobody] = 1.0
        self._drawn: dict[int, frozenset[int]] = {}

    def allows(self, place: int, row: int, rng: Random) -> bool:
        """Whether the product may stand there; places are drawn for its code when it is first asked for."""
        code = int(self.codes[row])
        if code in (self.nobody, self.own[place]):
            return True
        if code not in self._drawn:
            others = [each for each in self.free if self.own[each] != code]
            drawn = rng.sample(others, min(self.room.get(code, self.most), len(others)))
            self._drawn[code] = frozenset(drawn)
        return place in self._drawn[code]


class Rooms:
    """What the caps of a slate leave for places that are given away.

    Args:
        shares: the caps.
        standing: rows of the facts, of the products that stand.
        free: places, from 0, that may be given away.
    """

    def __init__(self, shares: Shares, facts: ProductFacts, standing: Sequence[int], free: Sequence[int]) -> None:
        self.place_of = {place: number for number, place in enumerate(free)}
        self.caps: list[_Cap] = []
        if shares.most_of_category:
            count, most = len(facts.category_paths), shares.most_of_category
            self.caps.append(_Cap(facts.category, count, most, standing, free, -1))
        if shares.most_of_brand:
            columns = columns_of(facts)
            # Another request may give a product a new brand meanwhile.
            codes = columns.brand.copy()
            nobody = columns.code("brand", "")
            self.caps.append(_Cap(codes, columns.brands, shares.most_of_brand, standing, free, nobody))

    def open_to(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those rows of the facts that may stand at some place."""
        for cap in self.caps:
            rows = rows[cap.chance.max(axis=0)[cap.codes[rows]] > 0]
        return rows

    def means(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """(free places,) with which chance one of ``rows``, drawn evenly, may stand at each."""
        first, *rest = self.caps
        if not rest:
            counts = np.bincount(first.codes[rows], minlength=first.chance.shape[1])
            return np.asarray(first.chance @ counts / len(rows), np.float64)
        # Not all at once: of a large shop that would be a matrix of some size.
        return np.array([self._at(number, rows).mean() for number in range(len(self.place_of))])

    def _at(self, number: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        chance = np.ones(len(rows))
        for cap in self.caps:
            chance *= cap.chance[number][cap.codes[rows]]
        return chance

    def chance(self, place: int, row: int) -> float:
        """With which a product may stand at a place."""
        return float(self._at(self.place_of[place], np.array([row]))[0])

    def allows(self, place: int, row: int, rng: Random) -> bool:
        """Whether a product may stand at a place, by the places drawn for its category and brand in this slate."""
        return all(cap.allows(place, row, rng) for cap in self.caps)
