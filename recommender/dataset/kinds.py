"""Kinds of interactions and what each weighs by default: a purchase more than an add, an add more than a view, a return against.

What a training weighs with is learnt or set (:mod:`recommender.signals`). A rating weighs by its stars: three say nothing, two and
one count against. What people dismissed weighs nothing unless the operator says so.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from shop.events.sessions import RATED_LOW


class Kind(IntEnum):
    """What was done with a product; stored as int8."""

    VIEW = 0
    CLICK = 1
    WISH = 2
    ADD = 3
    PURCHASE = 4
    RATE = 5
    REMOVE = 6
    RETURN = 7
    DISMISS = 8


WEIGHTS: dict[Kind, float] = {
    Kind.VIEW: 1.0,
    Kind.CLICK: 1.0,
    Kind.WISH: 2.0,
    Kind.ADD: 3.0,
    Kind.RATE: 2.0,
    Kind.PURCHASE: 5.0,
    Kind.REMOVE: -1.0,
    Kind.RETURN: -5.0,
    Kind.DISMISS: 0.0,
}
WEIGHT_OF: NDArray[np.float32] = np.array([WEIGHTS[kind] for kind in Kind], np.float32)

# Five stars count whole, one star whole against.
MIDDLE_STARS, HALF_SCALE = 3.0, 2.0

# Event type to kind. Purchases and returns of the shop's own orders come from the order tables, likes and dismissals from that of
# opinions, where what was taken back is gone.
KIND_OF_EVENT: dict[str, Kind] = {
    "product_viewed": Kind.VIEW,
    "product_clicked": Kind.CLICK,
    "slate_clicked": Kind.CLICK,
    "product_wished": Kind.WISH,
    "product_added_to_wishlist": Kind.WISH,
    "product_added": Kind.ADD,
    "product_removed": Kind.REMOVE,
    "product_rated": Kind.RATE,
    RATED_LOW: Kind.RATE,
    "order_refunded": Kind.RETURN,
}


def weighed(kind: NDArray[np.int8], value: NDArray[np.float32], weight_of: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows,) what acts weigh by kind, ratings by their stars too.

    Args:
        value: (rows,) stars of ratings, nan where there are none; or empty.
        weight_of: (kinds,) weight of each kind; kinds after its end weigh nothing.
    """
    table = np.zeros(len(Kind), np.float32)
    table[: len(weight_of)] = weight_of[: len(Kind)]
    weights: NDArray[np.float32] = table[kind]
    if len(value):
        rated = np.flatnonzero((kind == Kind.RATE) & ~np.isnan(value))
        weights[rated] *= (value[rated] - MIDDLE_STARS) / HALF_SCALE
    return weights
