"""What an algorithm answers: products, best first, and what it can prove of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from recommender.asking.context import NO_ROWS, Context, Rows

# From the place of one product among several to how alike it is to each of them.
Likeness = Callable[[int], NDArray[np.float32]]


@dataclass(frozen=True)
class Ranking:
    """Products, best first, no product twice.

    Attributes:
        products: (n,) int32 product indices.
        scores: (n,) float32, falling, positive.
        sources: (n,) int8 index into the algorithm's ``parts``, where it is made of several; else empty.
    """

    products: Rows
    scores: NDArray[np.float32]
    sources: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))

    def __len__(self) -> int:
        return len(self.products)

    def first(self, k: int) -> Ranking:
        """The best ``k``."""
        return Ranking(self.products[:k], self.scores[:k], self.sources[:k])


NOTHING = Ranking(NO_ROWS, np.zeros(0, np.float32))


def best(scores: NDArray[np.float32], products: Rows, k: int) -> Ranking:
    """The best ``k`` of scored products, positive scores only; ties go to the lower index, so that a smaller ``k`` is a prefix."""
    positive = scores > 0
    scores, products = scores[positive], products[positive]
    if len(scores) > 4 * k:
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = scores >= least
        scores, products = scores[kept], products[kept]
    order = np.lexsort((products, -scores))[:k]
    return Ranking(products[order], scores[order])


class Evidence(Struct, frozen=True):
    """Why a product was ranked: what it goes with, and how strongly, in counts.

    Attributes:
        code: reason code of ``recommender.slates.reasons``.
        because: product index that it goes with, -1 for none.
        share: of those who had ``because``, the share that had the product too; 0 where no such count is claimed.
    """

    code: str
    because: int = -1
    share: float = 0.0


class Recommender(Protocol):
    """Whatever can be asked, for who measures answers and need not know how they come about."""

    def recommend(self, context: Context, k: int) -> Ranking:
        """The best ``k`` products for a context, or fewer."""
