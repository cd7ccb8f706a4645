"""Which places of a slate go to hardly shown products, and with which probability each product stands where it does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import comb
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")


@dataclass(frozen=True)
class Mixed(Generic[Item]):
    """A slate after the draw.

    Attributes:
        items: as many as before, in order.
        probability: of each, that it stands at its place: what off-policy estimates divide by.
        explored: places that were given away.
    """

    items: list[Item]
    probability: list[float]
    explored: list[int]


def mix(
    shown: Sequence[Item],
    pool: Sequence[Item],
    share: float,
    rng: np.random.Generator,
    *,
    fixed: Collection[int] = (0,),
    stands_for: float = 0.0,
) -> Mixed[Item]:
    """Give each place that is not ``fixed`` away with the same probability, to a product drawn evenly from ``pool``.

    The probability is such that ``share`` of all places are given away on average, as far as the pool reaches. A product of the
    pool stands at a place with that probability over the size of the pool: draws without replacement are exchangeable.

    Args:
        pool: none of them in ``shown``.
        share: 0 to 1.
        fixed: places that are kept; the first one unless said otherwise.
        stands_for: the number of products that ``pool`` is an even sample of; 0: it is all of them.
    """
    free = [place for place in range(len(shown)) if place not in fixed]
    if not free or not len(pool):
        return Mixed(list(shown), [1.0] * len(shown), [])
    wanted = min(1.0, share * len(shown) / len(free))
    given = [place for place in free if rng.random() < wanted]
    if len(given) > len(pool):
        given = sorted(rng.permutation(given)[: len(pool)].tolist())
    give = _given(wanted, len(free), len(pool))
    items = list(shown)
    probability = [1.0 - give if place in free else 1.0 for place in range(len(shown))]
    for place, which in zip(given, rng.permutation(len(pool))[: len(given)].tolist(), strict=True):
        items[place], probability[place] = pool[which], give / max(stands_for, len(pool))
    return Mixed(items, probability, given)


def _given(wanted: float, free: int, pool: int) -> float:
    """With which probability a place is given away where at most ``pool`` of ``free`` can be: E[min(B, pool)] / free."""
    if pool >= free:
        return wanted
    chances = (comb(free, n) * wanted**n * (1 - wanted) ** (free - n) * min(n, pool) for n in range(free + 1))
    return sum(chances) / free
