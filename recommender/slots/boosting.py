"""Boosts and buries: conditions that multiply the score of the products for which they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.known.product_facts import ProductFacts
from recommender.slots.filters import Filter

LEAST, MOST = 0.01, 100.0


@dataclass(frozen=True)
class Boost:
    """A factor for some products: above 1 moves them forward, below 1 back."""

    where: Filter
    factor: float


def factors(
    boosts: Sequence[Boost], facts: ProductFacts, rows: NDArray[np.int64], *, this: int, now_ms: int
) -> tuple[NDArray[np.float64], list[NDArray[np.bool_]]]:
    """The product of the factors for each row, and which boosts hold for it, one array a boost."""
    total = np.ones(len(rows))
    holding = [boost.where.holds(facts, rows, this=this, now_ms=now_ms) for boost in boosts]
    for boost, held in zip(boosts, holding, strict=True):
        total[held] *= boost.factor
    return total, holding
