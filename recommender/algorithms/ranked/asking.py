"""Who asks, and what asks: the acts of a visit, or where there is none the shopper's strongest habits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recommender.algorithms.kernels import inner, kernel
from recommender.algorithms.ranked.work import Work
from recommender.algorithms.repeats import Own, Times, habit_of, sum_up
from recommender.asking import Rows

# Of a history that asks by itself, the products that do, those bought most and last.
ASKING = 12


class Put(NamedTuple):
    """What is known of whoever asks: the arguments of :func:`ask`."""

    acts: Rows
    product: Rows
    at: Times
    now: int


class Asked(NamedTuple):
    """A question with what was summed up for it.

    Attributes:
        query: products, oldest first, not empty: what the shopper is at, or the strongest habits where that is nothing.
        removed: so many of the latest are no answers: habits are.
        own: products that the shopper bought; ``baskets``: in so many.
        visit: whether the query is what the shopper is at.
    """

    query: Rows
    removed: int
    own: int
    baskets: int
    visit: bool


@inner
def strongest(most: int, count: int, own: Own) -> Rows:
    """Rows of the strongest ``most`` habits; of equal ones those that were bought first."""
    values = np.empty(count, np.float32)
    for row in range(count):
        values[row] = habit_of(row, own)
    if count <= most:
        return np.arange(count).astype(np.int32)
    least = np.partition(values, count - most)[count - most]
    chosen, over = np.empty(most, np.int32), 0
    for equal in range(2):
        for row in range(count):
            if over < most and ((values[row] > least) if equal == 0 else (values[row] == least)):
                chosen[over] = row
                over += 1
    return chosen


@inner
def _habits(count: int, own: Own) -> Rows:
    """The products of the strongest habits, the strongest last."""
    chosen = strongest(ASKING, count, own)
    values = np.empty(len(chosen), np.float32)
    for at in range(len(chosen)):
        values[at] = habit_of(chosen[at], own)
    products: Rows = own.item[chosen[np.argsort(values, kind="mergesort")]]
    return products


@kernel
def ask(acts: Rows, product: Rows, at: Times, now: int, removed: int, work: Work) -> Asked:
    """Sum up what was bought before, and choose what asks; :func:`recommender.algorithms.ranked.gathering.release` must follow.

    Args:
        acts: what the shopper is at, oldest first; may be empty where there are purchases.
        product, at: purchases in the order of time, before ``now`` (ms).
        removed: so many of the latest acts are no answers.
    """
    own, baskets = sum_up(product, at, now, work.own)
    visit = len(acts) > 0
    query = acts.copy() if visit else _habits(own, work.own)
    return Asked(query, removed if visit else 0, own, baskets, visit)
