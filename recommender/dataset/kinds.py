"""Kinds of interactions and what each weighs: a purchase more than an add, an add more than a view, a return against."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


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


WEIGHTS: dict[Kind, float] = {
    Kind.VIEW: 1.0,
    Kind.CLICK: 1.0,
    Kind.WISH: 2.0,
    Kind.ADD: 3.0,
    Kind.RATE: 2.0,
    Kind.PURCHASE: 5.0,
    Kind.REMOVE: -1.0,
    Kind.RETURN: -5.0,
}
WEIGHT_OF: NDArray[np.float32] = np.array([WEIGHTS[kind] for kind in Kind], np.float32)

# Event type to kind. Purchases and returns of the shop's own orders come from the order tables.
KIND_OF_EVENT: dict[str, Kind] = {
    "product_viewed": Kind.VIEW,
    "product_clicked": Kind.CLICK,
    "slate_clicked": Kind.CLICK,
    "product_wished": Kind.WISH,
    "product_added_to_wishlist": Kind.WISH,
    "product_added": Kind.ADD,
    "product_removed": Kind.REMOVE,
    "product_rated": Kind.RATE,
    "order_refunded": Kind.RETURN,
}
