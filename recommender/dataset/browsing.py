"""What shoppers did with products short of buying them: looked, put into the cart, wished for, rated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.interactions import Dataset
from recommender.dataset.kinds import WEIGHT_OF, Kind
from recommender.dataset.ordering import in_order

Rows = NDArray[np.int32]
Times = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Seen:
    """Acts of one shopper, oldest first.

    Attributes:
        product: (acts,) int32. ``kind``: (acts,) int8 of :class:`Kind`. ``at_ms``: (acts,) int64, ms since the epoch, UTC.
        stars: (acts,) float32, what was given; nan where it is no rating.
    """

    product: Rows
    kind: NDArray[np.int8]
    at_ms: Times
    stars: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.product)

    def take(self, rows: NDArray[Any] | slice) -> Seen:
        """Some of the acts, by number, mask or slice."""
        return Seen(self.product[rows], self.kind[rows], self.at_ms[rows], self.stars[rows])

    def then(self, later: Seen) -> Seen:
        """These acts and later ones."""
        pairs = zip(vars(self).values(), vars(later).values(), strict=True)
        return Seen(*(np.concatenate(pair) for pair in pairs))

    def before(self, at_ms: int) -> Seen:
        """The acts before a moment."""
        return self.take(slice(0, int(np.searchsorted(self.at_ms, at_ms))))

    def last(self, most: int) -> Seen:
        """The newest ``most``."""
        return self.take(slice(max(len(self) - most, 0), None))


NOTHING_SEEN = Seen(np.zeros(0, np.int32), np.zeros(0, np.int8), np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True, eq=False)
class Browsing:
    """Acts of every known shopper.

    Attributes:
        start: (shoppers + 1,) int64: acts of shopper ``s`` are rows ``start[s]:start[s + 1]``.
        acts: of all of them.
    """

    start: Times
    acts: Seen

    def of(self, shopper: int) -> Seen:
        """Those of one shopper."""
        return self.acts.take(slice(self.start[shopper], self.start[shopper + 1]))


def browsing_of(dataset: Dataset) -> Browsing:
    """What the known shoppers of a dataset did; purchases and what was taken back are left out."""
    shopper = dataset.session_shopper[dataset.session_of_row]
    # By kind alone, as a session's acts are told while it goes on; stars stand beside them.
    rows = np.flatnonzero((shopper >= 0) & (WEIGHT_OF[dataset.kind] > 0) & (dataset.kind != Kind.PURCHASE))
    product, kind, at = dataset.product[rows], dataset.kind[rows], dataset.at[rows]
    stars = np.full(len(rows), np.nan, np.float32)
    if len(dataset.value):
        stars = np.where(kind == Kind.RATE, dataset.value[rows], stars).astype(np.float32)
    order = in_order(shopper[rows], at, product, kind)
    count = np.bincount(shopper[rows], minlength=len(dataset.shopper_ids))
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Browsing(start, Seen(product[order].astype(np.int32), kind[order], at[order], stars[order]))
