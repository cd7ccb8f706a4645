"""Where the products of a slot come from, in order: its type with what is mixed in or new, its fallbacks, what sells best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recommender.slates.slate import Reason
from recommender.slots import newcomers
from recommender.slots.diversity import Shares
from recommender.slots.types.base import Ask, Pool

# What sells best is looked through in parts of this many.
CHUNK = 400
# And looked for in so many at a time: what has room left of them.
REACH = 4_000


def pools(ask: Ask, shares: Shares | None = None) -> Iterator[tuple[str, Pool]]:
    """(what fills: empty for the slot's own) pools, the next one asked for where those before were not enough.

    Of what sells best only what ``shares`` leave room for by then.
    """
    yield "", newcomers.mixed_in(mixed(ask), ask)
    for kind in ask.slot.fallbacks:
        yield kind.name, kind.pool(ask)
    if ask.slot.kind.fills:
        yield from (("popular", pool) for pool in best_selling(ask, shares))


def mixed(ask: Ask) -> Pool:
    """The pool of the slot's type, or the weighted sum of its and others' scores, each as a share of its own best."""
    own = ask.slot.kind.pool(ask)
    if not ask.slot.mix:
        return own
    parts: list[tuple[float, Pool]] = [(1.0, own), *((weight, kind.pool(ask)) for kind, weight in ask.slot.mix)]
    total: defaultdict[str, float] = defaultdict(float)
    most: dict[str, tuple[float, Pool, int]] = {}
    for weight, pool in parts:
        for position, (product_id, score) in enumerate(zip(pool.ids, pool.scores, strict=True)):
            part = weight * score
            total[product_id] += part
            if product_id not in most or part > most[product_id][0]:
                most[product_id] = part, pool, position
    ids = sorted(total, key=total.__getitem__, reverse=True)
    best = max(total[ids[0]], 1e-9) if ids else 1.0

    def why(position: int) -> tuple[Reason, str]:
        _, pool, place = most[ids[position]]
        return pool.why(place)

    return Pool(ids, [total[product_id] / best for product_id in ids], why)


def best_selling(ask: Ask, shares: Shares | None = None) -> Iterator[Pool]:
    """What sells best of what the slot's filter lets through, in parts."""
    facts, condition = ask.facts, ask.slot.filter
    rows = facts.best_selling if condition is None else condition.best_selling(facts)
    most = max(int(facts.units_sold[rows[0]]), 1) if len(rows) else 1
    while len(rows):
        # Most slates are full with the first part: of a large shop not all is looked at for it.
        near, rows = rows[:REACH], rows[REACH:]
        while len(near):
            # Asked anew for each part: what has its share by now is not gone through product by product.
            near = near if shares is None else shares.open_to(near)
            if len(near):
                yield _of_rows(near[:CHUNK], most, ask)
            near = near[CHUNK:]


def _of_rows(rows: NDArray[np.int64], most: int, ask: Ask) -> Pool:
    ids = [ask.facts.ids[row] for row in rows.tolist()]
    return Pool(ids, (ask.facts.units_sold[rows] / most).tolist())
