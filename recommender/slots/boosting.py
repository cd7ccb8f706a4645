"""Boosts and buries: conditions that multiply the score of the products for which they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.known.product_facts import ProductFacts
from recommender.slots.filters import Filter
from recommender.slots.pinning import in_shop_time, stands
from shop.clock import ms_of

LEAST, MOST = 0.01, 100.0


@dataclass(frozen=True)
class Boost:
    """A factor for some products, above 1 moves them forward, below 1 back; from one moment to another (ms, UTC; None: open)."""

    where: Filter
    factor: float
    starts_ms: int | None = None
    ends_ms: int | None = None

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Boost:
        """Of a line of a slot's ``boosts`` (:func:`line_of`).

        Raises:
            FilterError: its condition cannot be read.
            ValueError: a time cannot be read.
        """
        starts, ends = (None if at is None else ms_of(at) for at in (moment(line.get(name)) for name in TIMES))
        return cls(Filter(line["where"]), float(line["factor"]), starts, ends)


TIMES = ("starts_at", "ends_at")


def line_of(
    where: str, factor: float, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> dict[str, Any]:
    """A boost as a slot keeps it: times as ISO 8601 in UTC, and none that is not given."""
    times = {name: at.astimezone(UTC).isoformat() for name, at in zip(TIMES, (starts_at, ends_at), strict=True) if at}
    return {"where": where, "factor": factor, **times}


def moment(text: str | None) -> datetime | None:
    """A time of a boost as it is kept; without a zone it is meant in the shop's.

    Raises:
        ValueError: it is none.
    """
    return in_shop_time(datetime.fromisoformat(text)) if text else None


def factors(
    boosts: Sequence[Boost], facts: ProductFacts, rows: NDArray[np.int64], *, this: int, now_ms: int
) -> tuple[NDArray[np.float64], list[NDArray[np.bool_]]]:
    """The product of the factors for each row, and which boosts hold for it, one array a boost."""
    total = np.ones(len(rows))
    holding = [
        boost.where.holds(facts, rows, this=this, now_ms=now_ms)
        if stands(boost.starts_ms, boost.ends_ms, now_ms)
        else np.zeros(len(rows), np.bool_)
        for boost in boosts
    ]
    for boost, held in zip(boosts, holding, strict=True):
        total[held] *= boost.factor
    return total, holding
