"""Quantities and prices that cannot be, or that stand far outside what the day's others are.

Robust z: distance from the median in units of 1.4826 times the median absolute deviation, which a few wild values do not move
(Iglewicz & Hoaglin 1993, How to Detect and Handle Outliers). Taken of logarithms: both are ratios. Values beyond the limit are set
to it, not dropped: the act was real.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from recommender.dataset.cleaning.rules import Act, Mark, rule
from recommender.dataset.kinds import Kind

MOST_PIECES, MOST_PRICE = 10_000, 1e6
LIMIT = 6.0
CONSISTENT = 1.4826
# Deviations below these are those of a shop where nearly all are alike: a second piece is no outlier there.
LEAST_OF_QUANTITY, LEAST_OF_PRICE = 0.25, 0.1
FEWEST = 5
Floats = NDArray[np.float64]


@rule(
    "impossible_quantity",
    Act.DROP,
    _("Impossible quantity"),
    _("Drops acts on no pieces, fewer than none, or more than 10\u202f000."),
)
def impossible_quantity(rows: Any) -> Mark:
    """Nothing, less, or a warehouse."""
    quantity = rows.quantity.to_numpy(np.float64)
    return Mark((quantity <= 0) | (quantity > MOST_PIECES))


@rule(
    "impossible_price",
    Act.REPAIR,
    _("Impossible price"),
    _("Forgets prices below nought or above a million; the act stays."),
)
def impossible_price(rows: Any) -> Mark:
    """A price that nobody asked."""
    value = rows.value.to_numpy(np.float64)
    touched = (value < 0) | (value > MOST_PRICE)
    return Mark(touched, {"value": np.where(touched, np.nan, value)})


@rule(
    "odd_quantity",
    Act.REPAIR,
    _("Odd quantity"),
    _("Sets quantities whose robust z among the day's purchases is above 6 to that limit."),
)
def odd_quantity(rows: Any) -> Mark:
    """Purchases of far more pieces than others'."""
    quantity = rows.quantity.to_numpy(np.float64)
    bought = (rows.kind.to_numpy() == Kind.PURCHASE) & (quantity > 0)
    if bought.sum() < FEWEST:
        return Mark(np.zeros(len(rows), bool))
    logs = np.log(quantity[bought])
    middle = np.median(logs)
    deviation = max(float(np.median(np.abs(logs - middle))), LEAST_OF_QUANTITY)
    most = np.floor(np.exp(middle + LIMIT * CONSISTENT * deviation))
    touched = bought & (quantity > most)
    return Mark(touched, {"quantity": np.where(touched, most, quantity)})


@rule(
    "odd_price",
    Act.REPAIR,
    _("Odd price"),
    _("Sets prices whose robust z among the day's purchases of the product is beyond 6 to that limit."),
)
def odd_price(rows: Any) -> Mark:
    """Purchases at a price far from what others paid for the product that day."""
    import pandas as pd

    value = rows.value.to_numpy(np.float64)
    priced = np.flatnonzero((rows.kind.to_numpy() == Kind.PURCHASE) & (value > 0))
    touched, repaired = np.zeros(len(rows), bool), value.copy()
    if len(priced):
        logs = pd.Series(np.log(value[priced]))
        by = pd.factorize(rows["product"].to_numpy()[priced])[0]
        middle = logs.groupby(by).transform("median")
        deviation = (logs - middle).abs().groupby(by).transform("median").clip(lower=LEAST_OF_PRICE)
        reach = LIMIT * CONSISTENT * deviation
        enough = logs.groupby(by).transform("size") >= FEWEST
        # A hair's breadth, or a value set to the limit would be beyond it the next time.
        beyond = (enough & ((logs - middle).abs() > reach * (1 + 1e-9))).to_numpy()
        limited = np.exp((middle + (logs - middle).clip(-reach, reach)).to_numpy())
        touched[priced[beyond]] = True
        repaired[priced[beyond]] = limited[beyond]
    return Mark(touched, {"value": repaired})
