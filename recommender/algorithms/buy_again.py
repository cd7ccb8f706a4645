"""What the shopper buys again and again."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop

from recommender.algorithms.base import Algorithm
from recommender.asking import NOTHING, Context, Evidence, Ranking, best
from recommender.dataset import Dataset, Kind


class BuyAgain(Algorithm):
    """The shopper's own purchases, by how often and how lately, times how readily anybody buys that product again.

    Args:
        prior: sessions added to the repeat share of each product, at the share of all (shrinks rare products to the mean).
        least: decayed purchases under which a product is not yet a habit.
    """

    name = "buy_again"
    label = gettext_noop("Buy again")

    def __init__(self, prior: float = 5.0, least: float = 0.0) -> None:
        self.prior = prior
        self.least = least

    def _fit(self, dataset: Dataset) -> None:
        if min(self.prior, self.least) < 0:
            raise ValueError(f"prior and least must not be negative: {self.params()}")
        shopper = dataset.session_shopper[dataset.session_of_row]
        rows = (dataset.kind == Kind.PURCHASE) & (shopper >= 0)
        key = shopper[rows].astype(np.int64) * len(dataset.products) + dataset.product[rows]
        pairs, times = np.unique(key, return_counts=True)
        product = pairs % max(len(dataset.products), 1)
        buyers = np.bincount(product, minlength=len(dataset.products)).astype(np.float64)
        again = np.bincount(product, times > 1, minlength=len(dataset.products))
        mean = again.sum() / max(buyers.sum(), 1)
        self.again_ = ((again + self.prior * mean) / np.maximum(buyers + self.prior, 1e-9)).astype(np.float32)

    def _rank(self, context: Context, k: int) -> Ranking:
        if not len(context.history):
            return NOTHING
        counts = context.counts if len(context.counts) else np.ones(len(context.history), np.float32)
        kept = counts > self.least
        rows = context.history[kept]
        return best((counts[kept] * self.again_[rows]).astype(np.float32), rows, k)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """A habit, where it was bought about twice or more."""
        at = np.flatnonzero(context.history == product)
        if not len(at):
            return None
        often = len(context.counts) > 0 and context.counts[at[0]] >= 1.5
        return Evidence("again" if often else "bought_before", product)
