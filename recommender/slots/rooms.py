"""Room for hardly shown products under the caps of a slot: who may stand where, with a probability that is known exactly.

A product may take the place of one of its own category, since that one makes room. Where its category has room left in the slate,
other places are drawn for it, as many as there is room for. So no cap is exceeded whichever places are given away together, and
what stands at a place depends on that place alone: its probability is a product. Brands likewise, drawn by themselves.

Of the free places each category has as many as its cap leaves beside what is fixed, its own or drawn: all are explored alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from recommender.known.product_facts import ProductFacts
from recommender.slots.diversity import Shares
from recommender.slots.filters.columns import columns_of


class _Cap:
    """One cap in one slate: ``most`` products of a code (of a category, or a brand).

    Args:
        standing: code of each place of the slate.
        free: places, from 0, that may be given away.
        nobody: a code without a cap.
    """

    def __init__(self, most: int, standing: Sequence[int], free: Sequence[int], nobody: int | None = None) -> None:
        self.most, self.free, self.nobody = most, free, nobody
        self.own = {place: standing[place] for place in free}
        self.mine = Counter(self.own.values())
        self.room = {code: max(most - taken, 0) for code, taken in Counter(standing).items()}
        # With which chance a product of a code that stands in the slate may take a place of others, and of a code that does not.
        self.elsewhere = {code: self._elsewhere(room, len(free) - self.mine[code]) for code, room in self.room.items()}
        self.of_rest = self._elsewhere(most, len(free))
        if nobody is not None:
            self.elsewhere[nobody] = 1.0
        self._drawn: dict[int, frozenset[int]] = {}

    @staticmethod
    def _elsewhere(room: int, places: int) -> float:
        return min(room, places) / places if places else 0.0

    def is_open(self, code: int) -> bool:
        """Whether a product of the code may stand at some place."""
        return code in self.mine or self.elsewhere.get(code, self.of_rest) > 0

    def chance(self, place: int, code: int) -> float:
        """With which a product of the code may stand there."""
        return 1.0 if code == self.own[place] else self.elsewhere.get(code, self.of_rest)

    def chances(self, place: int, codes: NDArray[np.int32]) -> NDArray[np.float64]:
        """:meth:`chance` of many codes."""
        found = np.full(len(codes), self.of_rest)
        for code in self.elsewhere:
            found[codes == code] = self.chance(place, code)
        return found

    def allows(self, place: int, code: int, rng: Random) -> bool:
        """Whether a product of the code may stand there; places are drawn for its code when it is first asked for."""
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
        shares: the caps; None where there are none: then everything may stand everywhere.
        standing: rows of the facts, of the products that stand.
        free: places, from 0, that may be given away.

    Attributes:
        by_brand: whether brands have a cap.
    """

    def __init__(
        self, shares: Shares | None, facts: ProductFacts, standing: Sequence[int], free: Sequence[int]
    ) -> None:
        self.facts, self.free, self.by_brand = facts, free, shares is not None and bool(shares.most_of_brand)
        self._category = self._brand = None
        if shares is None:
            return
        if shares.most_of_category:
            category = facts.category.item
            self._category = _Cap(shares.most_of_category, [category(row) for row in standing], free)
        if self.by_brand:
            columns = columns_of(facts)
            # Another request may give a product a new brand meanwhile.
            self.brands = columns.brand.copy()
            codes = [int(self.brands[row]) for row in standing]
            self._brand = _Cap(shares.most_of_brand, codes, free, columns.code("brand", ""))

    def open_to_category(self, code: int) -> bool:
        """Whether its products may stand at some place, for the cap of categories."""
        return self._category is None or self._category.is_open(code)

    def open_to(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those rows of the facts that may stand at some place."""
        for cap, of in self._caps():
            codes = of[rows]
            open_codes = [code for code in np.unique(codes).tolist() if cap.is_open(code)]
            rows = rows[np.isin(codes, open_codes)]
        return rows

    def means_by_category(self, counts: Mapping[int, int]) -> list[float]:
        """(free places,) with which chance a product, drawn evenly from so many of each category, may stand at each.

        Without a cap of brands.
        """
        cap = self._category
        if cap is None:
            return [1.0] * len(self.free)
        chance, rest = cap.elsewhere, cap.of_rest
        everywhere, total = sum(count * chance.get(code, rest) for code, count in counts.items()), sum(counts.values())
        return [(everywhere + counts.get(own, 0) * (1 - chance[own])) / total for own in cap.own.values()]

    def means(self, rows: NDArray[np.int64]) -> list[float]:
        """The same, of one of ``rows``, by both caps."""
        return [float(self._chances(place, rows).mean()) for place in self.free]

    def _chances(self, place: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        # Place by place: of a large shop all at once would be a matrix of some size.
        chance = np.ones(len(rows))
        for cap, of in self._caps():
            chance *= cap.chances(place, of[rows])
        return chance

    def _caps(self) -> list[tuple[_Cap, NDArray[np.int32]]]:
        both = ((self._category, self.facts.category), (self._brand, self.brands if self.by_brand else None))
        return [(cap, of) for cap, of in both if cap is not None and of is not None]

    def chance(self, place: int, row: int) -> float:
        """With which a product may stand at a place."""
        chance = 1.0
        for cap, of in self._caps():
            chance *= cap.chance(place, of.item(row))
        return chance

    def allows_category(self, place: int, code: int, rng: Random) -> bool:
        """Whether a product of the category may stand at a place, by the places drawn for it in this slate."""
        return self._category is None or self._category.allows(place, code, rng)

    def allows_brand(self, place: int, row: int, rng: Random) -> bool:
        """Whether a product may stand at a place, by the places drawn for its brand in this slate."""
        return self._brand is None or self._brand.allows(place, int(self.brands[row]), rng)
