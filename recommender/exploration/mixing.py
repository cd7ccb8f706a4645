"""Which places of a slate go to hardly shown products, and with which probability each is given away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import comb
from random import Random


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
