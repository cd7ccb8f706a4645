"""How the score of a product comes about: the terms that it is the sum of, and the sources that named it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.asking import Ranking, Rows

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Breakdown:
    """Terms of the scores of some products of one ranking.

    Attributes:
        products: (n,) those asked for that are candidates, best first.
        names: (t,) what the terms are of: a member of a blend, a column that a model looks at.
        amounts: (n, t) what each gave; with ``base`` they sum to :attr:`totals`, by which products are ranked.
        values: (n, t) what it was made of: the number in the column, the member's score over its best; NaN where there is none.
        base: what every candidate has.
        logarithmic: the scores of the ranking are ``exp(total - best total)``, where they are not ``total`` itself.
    """

    products: Rows
    names: tuple[str, ...]
    amounts: Values
    values: Values
    base: float = 0.0
    logarithmic: bool = False

    @property
    def totals(self) -> Values:
        """(n,) the sums."""
        found: Values = self.base + self.amounts.sum(axis=1)
        return found

    def of(self, product: int) -> int:
        """The row of a product, -1 where it is no candidate."""
        at = np.flatnonzero(self.products == product)
        return int(at[0]) if len(at) else -1


@dataclass(frozen=True)
class Source:
    """What one source of candidates says of a product.

    Attributes:
        name: an algorithm, or a table of one.
        place: from 1; 0 where it does not name the product.
        most: so many it brings at most; 0: all that it names.
    """

    name: str
    place: int
    most: int = 0

    @property
    def brings(self) -> bool:
        """Whether it made the product a candidate."""
        return self.place > 0 and (self.most == 0 or self.place <= self.most)


@dataclass(frozen=True)
class Candidacy:
    """How a product came to be a candidate, or why it did not.

    Attributes:
        sources: each that was asked.
        place: among all that any source named, from 1; 0 where none did, or there is one list only.
        most: so many of those are ranked; 0: all.
    """

    sources: list[Source] = field(default_factory=list)
    place: int = 0
    most: int = 0


def one_term(name: str, ranking: Ranking, products: Sequence[int]) -> Breakdown:
    """Of an algorithm that cannot say more: its score."""
    found = np.flatnonzero(np.isin(ranking.products, list(products)))
    scores = ranking.scores[found].astype(np.float64)[:, None]
    return Breakdown(ranking.products[found], (name,), scores, scores)


def place_in(ranking: Ranking, product: int) -> int:
    """From 1; 0 where it is not in."""
    at = np.flatnonzero(ranking.products == product)
    return int(at[0]) + 1 if len(at) else 0
