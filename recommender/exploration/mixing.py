"""Which places of a slate go to hardly shown products, and with which probability each product stands where it does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import comb
from random import Random
from typing import Generic, TypeVar

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


@dataclass(frozen=True)
class Draw:
    """Places that are given away, and the chance that each free one had."""

    places: list[int]
    chance: float


def draw_places(count: int, fixed: Collection[int], share: float, rng: Random, pool_size: int) -> Draw:
    """Give each of ``count`` places that is not ``fixed`` away with one chance, such that ``share`` of all are given on average, as
    far as a pool of ``pool_size`` reaches."""
    free = [place for place in range(count) if place not in fixed]
    if not free or not pool_size or share <= 0:
        return Draw([], 0.0)
    wanted = min(1.0, share * count / len(free))
    given = [place for place in free if rng.random() < wanted]
    if len(given) > pool_size:
        given = sorted(rng.sample(given, pool_size))
    return Draw(given, _chance(wanted, len(free), pool_size))


def _chance(wanted: float, free: int, pool: int) -> float:
    """With which chance a place is given away where at most ``pool`` of ``free`` can be: E[min(B, pool)] / free, B binomial."""
    if pool >= free:
        return wanted
    chances = (comb(free, n) * wanted**n * (1 - wanted) ** (free - n) * min(n, pool) for n in range(free + 1))
    return sum(chances) / free


def mix(
    shown: Sequence[Item], pool: Sequence[Item], share: float, rng: Random, *, fixed: Collection[int] = (0,)
) -> Mixed[Item]:
    """A slate with the drawn places given to products drawn evenly from ``pool``, none of which is in ``shown``.

    A product of the pool stands at a free place with the chance of the place over the size of the pool: draws without replacement
    are exchangeable.
    """
    draw = draw_places(len(shown), fixed, share, rng, len(pool))
    items = list(shown)
    probability = [1.0 if place in fixed else 1.0 - draw.chance for place in range(len(shown))]
    for place, item in zip(draw.places, rng.sample(pool, len(draw.places)), strict=True):
        items[place], probability[place] = item, draw.chance / len(pool)
    return Mixed(items, probability, draw.places)
