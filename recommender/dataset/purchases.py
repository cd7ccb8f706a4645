"""Purchases by shopper: what next-basket algorithms learn from and are asked with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.interactions import Dataset
from recommender.dataset.kinds import Kind
from recommender.dataset.ordering import distinct

Rows = NDArray[np.int32]
Times = NDArray[np.int64]


@dataclass(frozen=True)
class Purchases:
    """Rows of each shopper in the order of time; a basket is what was bought at one moment, each product once.

    Attributes:
        start: (shoppers + 1,) int64: rows of shopper ``s`` are ``start[s]:start[s + 1]``.
        product: (rows,) int32.
        at: (rows,) int64, ms since the epoch, UTC.
    """

    start: Times
    product: Rows
    at: Times

    def __len__(self) -> int:
        return len(self.product)

    @property
    def shoppers(self) -> int:
        """How many there are, those without a purchase included."""
        return len(self.start) - 1

    @property
    def shopper(self) -> Rows:
        """(rows,) shopper of each row."""
        return np.repeat(np.arange(self.shoppers, dtype=np.int32), np.diff(self.start))

    @property
    def basket(self) -> Times:
        """(rows,) number of each row's basket, counted over all shoppers."""
        new = np.ones(len(self), np.bool_)
        shopper = self.shopper
        new[1:] = (shopper[1:] != shopper[:-1]) | (self.at[1:] != self.at[:-1])
        return np.cumsum(new) - 1

    def of(self, shopper: int) -> tuple[Rows, Times]:
        """Products and times of one shopper, oldest first."""
        rows = slice(self.start[shopper], self.start[shopper + 1])
        return self.product[rows], self.at[rows]

    def take(self, rows: NDArray[np.bool_]) -> Purchases:
        """Some rows only; shoppers keep their numbers."""
        count = np.bincount(self.shopper[rows], minlength=self.shoppers)
        start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        return Purchases(start, self.product[rows], self.at[rows])

    def steps_from_end(self) -> Times:
        """(rows,) how many baskets of the same shopper came later: 0 in the last."""
        basket = self.basket
        ends = np.maximum(self.start[1:], 1) - 1
        last = basket[ends] if len(self) else np.zeros(self.shoppers, np.int64)
        return last[self.shopper] - basket


def purchases_of(dataset: Dataset, *, any_kind: bool = False) -> Purchases:
    """Purchases of the known shoppers of a dataset.

    Args:
        any_kind: take every act that counts for a product as a purchase, for data without purchases.
    """
    shopper = dataset.session_shopper[dataset.session_of_row]
    rows = (dataset.weight > 0) if any_kind else (dataset.kind == Kind.PURCHASE)
    rows &= shopper >= 0
    who, at, product = distinct(shopper[rows], dataset.at[rows], dataset.product[rows])
    count = np.bincount(who, minlength=max(len(dataset.shopper_ids), int(shopper.max(initial=-1)) + 1))
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Purchases(start, product, at)
