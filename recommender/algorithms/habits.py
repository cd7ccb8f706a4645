"""Habits as vectors of products, and shoppers whose habits are alike: kernels of :mod:`recommender.algorithms.tifu_knn`."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import borrowed, inner, kernel
from recommender.asking import Rows

Floats = NDArray[np.float32]
Times = NDArray[np.int64]
_local = threading.local()
# Added to whatever is summed: hundreds of baskets ago is less than a float32 holds, and a sum that stayed zero would be met
# again as new, past the end of the working arrays.
LEAST = np.float32(1e-30)


class Habits(NamedTuple):
    """Vectors of all shoppers, by shopper and by product, and what they are made with.

    Attributes:
        start, product, weight: entries of each shopper.
        holders_start, holder, held: shoppers of each product and their weights.
        square: (shoppers,) squared length of each vector.
        group, within, between: the decays, as in :class:`TIFUKNN`; ``share``: of the own vector in the score.
    """

    start: Times
    product: Rows
    weight: Floats
    holders_start: Times
    holder: Rows
    held: Floats
    square: Floats
    group: int
    within: float
    between: float
    share: float


class Room(NamedTuple):
    """Working arrays of one thread; ``dot`` and ``score`` are zero between questions."""

    dot: Floats
    touched: Rows
    score: Floats
    found: Rows
    own: Floats
    mine: Rows


def room(shoppers: int, products: int) -> Room:
    """Those of this thread, large enough."""
    held: Room | None = getattr(_local, "room", None)
    if held is None or len(held.dot) < shoppers or len(held.score) < products:
        shoppers, products = max(shoppers, 1), max(products, 1)
        held = _local.room = Room(
            np.zeros(shoppers, np.float32),
            np.empty(shoppers, np.int32),
            np.zeros(products, np.float32),
            np.empty(products, np.int32),
            np.zeros(products, np.float32),
            np.empty(products, np.int32),
        )
    return held


@kernel
def vector_of(product: Rows, at: Times, group: int, within: float, between: float, total: Floats, found: Rows) -> int:
    """Fill ``total`` with one shopper's vector and ``found`` with its products; returns how many.

    Args:
        product, at: rows in the order of time; rows of one time are one basket.
    """
    baskets = 0
    for row in range(len(product)):
        baskets += row == 0 or at[row] != at[row - 1]
    groups = (baskets + group - 1) // group
    oldest = baskets - group * (groups - 1)
    basket, count = -1, 0
    for row in range(len(product)):
        basket += row == 0 or at[row] != at[row - 1]
        back = baskets - 1 - basket
        size = group if back // group < groups - 1 else oldest
        if total[product[row]] == 0.0:
            found[count] = product[row]
            count += 1
        faded = within ** (back % group) * between ** (back // group) / (size * groups)
        total[product[row]] += np.float32(faded) + LEAST
    return count


@inner
def _nearest(count: int, habits: Habits, neighbours: int, work: Room) -> int:
    """Fill ``work.touched`` with the nearest shoppers by Euclidean distance to ``work.own``; leaves ``work.dot`` zero."""
    near = 0
    for at in range(count):
        item = work.mine[at]
        for row in range(habits.holders_start[item], habits.holders_start[item + 1]):
            shopper = habits.holder[row]
            if work.dot[shopper] == 0.0:
                work.touched[near] = shopper
                near += 1
            work.dot[shopper] += work.own[item] * habits.held[row] + LEAST
    distance = np.empty(near, np.float32)
    for at in range(near):
        shopper = work.touched[at]
        distance[at] = habits.square[shopper] - 2 * work.dot[shopper]
        work.dot[shopper] = 0.0
    if near <= neighbours:
        return near
    most = np.partition(distance, neighbours - 1)[neighbours - 1]
    kept = 0
    for at in range(near):
        if distance[at] <= most and kept < neighbours:
            work.touched[kept] = work.touched[at]
            kept += 1
    return kept


@kernel
def score_habits(product: Rows, at: Times, habits: Habits, neighbours: int, work: Room) -> tuple[int, int]:
    """Fill ``work.own`` over ``work.mine`` with the own vector, ``work.score`` over ``work.found`` with the neighbours' mean.

    Returns how many of each. :func:`tidy` must follow.
    """
    habits, work = borrowed(habits), borrowed(work)
    mine = vector_of(product, at, habits.group, habits.within, habits.between, work.own, work.mine)
    near, count = _nearest(mine, habits, neighbours, work), 0
    for place in range(near):
        shopper = work.touched[place]
        for row in range(habits.start[shopper], habits.start[shopper + 1]):
            item = habits.product[row]
            if work.score[item] == 0.0:
                work.found[count] = item
                count += 1
            work.score[item] += habits.weight[row] / near + LEAST
    return mine, count


@kernel
def enliven(mine: int, count: int, lately: Floats, late: float, work: Room) -> None:
    """Of what is not one's own, weigh ``work.score`` by what all buy lately: ``score ** (1 - late) * lately ** late``, same sum."""
    before, after = np.float32(0.0), np.float32(1e-30)
    for at in range(count):
        item = work.found[at]
        if work.own[item] == 0.0:
            before += work.score[item]
            work.score[item] = work.score[item] ** np.float32(1.0 - late) * lately[item] ** np.float32(late)
            after += work.score[item]
    for at in range(count):
        if work.own[work.found[at]] == 0.0:
            work.score[work.found[at]] *= before / after


@kernel
def tidy(mine: int, count: int, work: Room) -> None:
    """Leave the working arrays as they were."""
    for at in range(mine):
        work.own[work.mine[at]] = 0.0
    for at in range(count):
        work.score[work.found[at]] = 0.0


@kernel
def vectors(
    start: Times, product: Rows, at: Times, group: int, within: float, between: float, width: int, work: Room
) -> tuple[Times, Rows, Floats]:
    """Vectors of all shoppers, the ``width`` heaviest entries of each."""
    begin = np.zeros(len(start), np.int64)
    items, weights = np.empty(len(product), np.int32), np.empty(len(product), np.float32)
    filled = 0
    for shopper in range(len(start) - 1):
        rows = slice(start[shopper], start[shopper + 1])
        count = vector_of(product[rows], at[rows], group, within, between, work.own, work.mine)
        found = np.sort(work.mine[:count])
        values = work.own[found]
        order = np.argsort(-values, kind="mergesort")[:width]
        for place in np.sort(order):
            items[filled], weights[filled] = found[place], values[place]
            filled += 1
        work.own[found] = 0.0
        begin[shopper + 1] = filled
    return begin, items[:filled].copy(), weights[:filled].copy()
