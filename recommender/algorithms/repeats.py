"""What is bought again: one shopper's own purchases product by product (how often, how lately, with what gaps), and everybody's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import inlined, inner
from recommender.asking import Rows
from recommender.dataset.purchases import Purchases

Floats = NDArray[np.float32]
Times = NDArray[np.int64]

# Columns that :func:`own_columns` fills, and those that :func:`gap_columns` does.
OWN = (
    *("times", "share_of_baskets", "times_28", "times_91", "fading_14", "fading_45", "fading_150"),
    *("days_since", "own_gap", "since_over_own_gap", "baskets_since", "share_since_first"),
)
GAPS = ("last_gap", "since_over_last_gap")
NEVER = np.float32(9_999.0)
DAY = 86_400_000.0
LATE_DAYS = 28.0
# Of what is shrunk to the mean of all products.
PRIOR = 5.0
# Columns of the sums.
TIMES, T28, T91, F14, F45, F150, LAST, FIRST, LAST_BASKET, FIRST_BASKET, SECOND = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
SUMS = 11


class Own(NamedTuple):
    """Working arrays of one thread.

    Attributes:
        slot: (products,) row of ``sums`` plus one, 0 for what was never bought; zero between questions.
        item: (products,) the product of each row, in the order of first purchases.
        sums: (products, 11).
    """

    slot: Rows
    item: Rows
    sums: Floats


def own_room(products: int) -> Own:
    """For so many products."""
    return Own(np.zeros(products, np.int32), np.empty(products, np.int32), np.zeros((products, SUMS), np.float32))


@inner
def sum_up(product: Rows, at: Times, now: int, own: Own) -> tuple[int, int]:
    """Fill a row for each product that was bought; returns how many, and the number of baskets. :func:`forget_own` must follow.

    Args:
        product, at: rows in the order of time, before ``now`` (ms); rows of one time are one basket.
    """
    basket, count = -1, 0
    for row in range(len(product)):
        basket += row == 0 or at[row] != at[row - 1]
        item = product[row]
        days = np.float32(max((now - at[row]) / DAY, 0.0))
        if own.slot[item] == 0:
            own.item[count] = item
            count += 1
            own.slot[item] = count
            own.sums[count - 1, :] = 0.0
            own.sums[count - 1, FIRST] = days
            own.sums[count - 1, FIRST_BASKET] = basket
        sums = own.sums[own.slot[item] - 1]
        sums[TIMES] += 1
        sums[T28] += days <= 28
        sums[T91] += days <= 91
        sums[F14] += np.float32(2.0 ** (-days / 14))
        sums[F45] += np.float32(2.0 ** (-days / 45))
        sums[F150] += np.float32(2.0 ** (-days / 150))
        sums[SECOND] = sums[LAST] if sums[TIMES] > 1 else NEVER
        sums[LAST] = days
        sums[LAST_BASKET] = basket
    return count, basket + 1


@inner
def habit_of(row: int, own: Own) -> float:
    """How strong a habit is: the fading count, and a little of the slowly fading one."""
    habit: float = own.sums[row, F45] + own.sums[row, F150] * np.float32(0.3)
    return habit


@inlined
def own_columns(to: Floats, row: int, baskets: int, own: Own) -> None:
    """Fill the columns :data:`OWN` of a product in row ``row``, -1 of one that was never bought."""
    if row < 0:
        to[0:7] = 0.0
        to[7:11] = NEVER
        to[11] = 0.0
        return
    sums = own.sums[row]
    to[0] = sums[TIMES]
    to[1] = sums[TIMES] / baskets
    to[2:7] = sums[1:6]
    to[7] = sums[LAST]
    gap = (sums[FIRST] - sums[LAST]) / (sums[TIMES] - 1) if sums[TIMES] > 1 else NEVER
    to[8] = gap
    to[9] = sums[LAST] / (gap + 1) if sums[TIMES] > 1 else NEVER
    to[10] = baskets - 1 - sums[LAST_BASKET]
    to[11] = sums[TIMES] / (baskets - sums[FIRST_BASKET])


@inlined
def gap_columns(to: Floats, row: int, own: Own) -> None:
    """Fill the columns :data:`GAPS`: days between the last two purchases, and days since the last over them."""
    if row < 0 or own.sums[row, TIMES] <= 1:
        to[0:2] = NEVER
        return
    to[0] = own.sums[row, SECOND] - own.sums[row, LAST]
    to[1] = own.sums[row, LAST] / (to[0] + 1)


@inner
def forget_own(count: int, own: Own) -> None:
    """Leave ``slot`` zero."""
    for row in range(count):
        own.slot[own.item[row]] = 0


def repeats_of_all(purchases: Purchases, age: NDArray[np.float64], width: int) -> tuple[NDArray[Any], ...]:
    """(products,) each, the shares and the mean shrunk to those of all products.

    The share of a product's buyers who bought it more than once; mean days between two purchases of one shopper; shoppers who
    bought it for the first time in the last 28 days; and of those who had bought it before these, the share who did within them.

    Args:
        age: (rows,) days since each purchase. ``width``: products there are.
    """
    key = purchases.shopper.astype(np.int64) * width + purchases.product
    pairs, inverse, times = np.unique(key, return_inverse=True, return_counts=True)
    oldest, newest = np.zeros(len(pairs)), np.full(len(pairs), np.inf)
    np.maximum.at(oldest, inverse, age)
    np.minimum.at(newest, inverse, age)
    item = pairs % max(width, 1)
    buyers, repeated = np.bincount(item, minlength=width), np.bincount(item, times > 1, minlength=width)
    again = (repeated + PRIOR * repeated.sum() / max(len(pairs), 1)) / (buyers + PRIOR)
    twice = times > 1
    gaps = np.bincount(item[twice], oldest[twice] - newest[twice], minlength=width)
    steps = np.bincount(item[twice], times[twice] - 1, minlength=width)
    mean = gaps.sum() / max(steps.sum(), 1)
    before, lately = oldest >= LATE_DAYS, newest < LATE_DAYS
    had, still = (np.bincount(item[rows], minlength=width) for rows in (before, before & lately))
    kept = (still + PRIOR * still.sum() / max(had.sum(), 1)) / (had + PRIOR)
    return again, (gaps + PRIOR * mean) / (steps + PRIOR), np.bincount(item[~before], minlength=width), kept
