"""What comes next after the last one, two and three products, and after the last categories (Markov chains with back-off)."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.prefixes import mixed_moments
from recommender.asking import Context, Ranking, Rows, best
from recommender.dataset import Dataset, NotEnoughData

SEED = 7
# Multiplier of the rolling hash of a context; two contexts that meet in 64 bits would share their counts.
MIX = np.uint64(0x9E3779B97F4A7C15)


class Markov(Algorithm):
    """Transitions of order ``orders`` down to 1, interpolated by Witten & Bell, under them categories and what is popular.

    ``P_n(x | c) = (count(c x) + types(c) * P_(n-1)(x | shorter c)) / (count(c) + types(c))``: a context counts for more the
    more often it was seen and the fewer different products came after it. Witten & Bell, "The zero-frequency problem", IEEE
    Trans. Inf. Theory 37 (1991); Chen & Goodman (1999) compare it. Order 0 is ``(1 - category_share)`` of overall popularity
    and ``category_share`` of a chain over categories with the same back-off, times the popularity of a product within its
    category.

    Args:
        orders: longest context, in products and in categories, 1 to 3.
        category_share: of the chain over categories in order 0.
        depth: products of order 0 that an answer may take.
    """

    name = "markov"
    label = gettext_noop("Next after the last ones (Markov chain)")
    needs_interactions = 2
    costly = True

    def __init__(self, orders: int = 3, category_share: float = 0.5, depth: int = 200) -> None:
        self.orders = orders
        self.category_share = category_share
        self.depth = depth

    def _fit(self, dataset: Dataset) -> None:
        if self.orders not in (1, 2, 3) or not 0 <= self.category_share <= 1 or self.depth < 1:
            raise ValueError(f"orders, category_share or depth is out of range: {self.params()}")
        order, session = mixed_moments(dataset, SEED)
        if not len(order):
            raise NotEnoughData("nothing that was done counts for a product: send views or orders")
        items = dataset.product[order].astype(np.int64)
        self.category_ = dataset.products.category.astype(np.int32)
        counts = np.bincount(items, minlength=len(dataset.products)).astype(np.float64)
        self.popular_ = (counts / counts.sum()).astype(np.float32)
        self.top_: Rows = np.lexsort((np.arange(len(counts)), -counts))[: self.depth].astype(np.int32)
        self.top_ = self.top_[counts[self.top_] > 0]
        self._learn_chain("product", items, session)
        self._learn_chain("category", self.category_[items].astype(np.int64) + 1, session)
        self._learn_categories(counts)

    def _learn_chain(self, what: str, states: NDArray[np.int64], session: NDArray[np.int32]) -> None:
        """Counts of every context of each order: keys sorted, and what came after each, most often first."""
        for length in range(1, self.orders + 1):
            inside = (
                np.flatnonzero(session[length:] == session[:-length]) if len(states) > length else np.zeros(0, np.int64)
            )
            context = np.stack([states[inside + step] for step in range(length)], axis=1)
            key, after = _keys(context), states[inside + length]
            by = np.lexsort((after, key))
            key, after = key[by], after[by]
            first = np.ones(len(key), np.bool_)
            first[1:] = (key[1:] != key[:-1]) | (after[1:] != after[:-1])
            times = np.diff(np.append(np.flatnonzero(first), len(key)))
            keys, start = np.unique(key[first], return_index=True)
            setattr(self, f"{what}_keys_{length}_", keys)
            setattr(self, f"{what}_start_{length}_", np.append(start, first.sum()).astype(np.int64))
            setattr(self, f"{what}_after_{length}_", after[first].astype(np.int32))
            setattr(self, f"{what}_times_{length}_", times.astype(np.int32))

    def _learn_categories(self, counts: NDArray[np.float64]) -> None:
        """Share of each category, and of each product within its category."""
        states = self.category_.astype(np.int64) + 1
        size = int(states.max(initial=0)) + 1
        sums = np.bincount(states, counts, minlength=size)
        self.category_popular_ = (sums / max(sums.sum(), 1e-9)).astype(np.float32)
        self.within_ = (counts / np.maximum(sums[states], 1e-9)).astype(np.float32)

    def _after(self, what: str, trail: Rows, base: NDArray[np.float64]) -> NDArray[np.float64]:
        """(states,) probability of what comes after ``trail``, interpolated from ``base`` upwards."""
        for length in range(1, min(self.orders, len(trail)) + 1):
            keys = getattr(self, f"{what}_keys_{length}_")
            key = _keys(trail[-length:].astype(np.int64)[None, :])[0]
            at = int(np.searchsorted(keys, key))
            if at == len(keys) or keys[at] != key:
                break
            start = getattr(self, f"{what}_start_{length}_")
            span = slice(start[at], start[at + 1])
            times = getattr(self, f"{what}_times_{length}_")[span].astype(np.float64)
            base = base * (len(times) / (times.sum() + len(times)))
            base[getattr(self, f"{what}_after_{length}_")[span]] += times / (times.sum() + len(times))
        return base

    def probabilities(self, trail: Rows) -> NDArray[np.float64]:
        """(products,) probability of each product to come next; they add up to one."""
        base = self.popular_.astype(np.float64)
        if self.category_share and len(trail):
            states = (self.category_[trail] + 1).astype(np.int32)
            categories = self._after("category", states, self.category_popular_.astype(np.float64))
            of_category = categories[self.category_.astype(np.int64) + 1] * self.within_
            # A category that was followed but has no act left to share gives its part back.
            total = of_category.sum()
            base = (1 - self.category_share) * base + self.category_share * of_category / max(total, 1e-12)
        return self._after("product", trail, base)

    def _rank(self, context: Context, k: int) -> Ranking:
        trail = context.trail[-self.orders :]
        if not len(trail):
            return best(self.popular_[self.top_], self.top_, k)
        return best(self.probabilities(trail).astype(np.float32), np.arange(self.products_, dtype=np.int32), k)


def _keys(contexts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(n,) one 64-bit key of each row of (n, length) states."""
    key = np.zeros(len(contexts), np.uint64)
    for column in range(contexts.shape[1]):
        key = (key ^ (contexts[:, column].astype(np.uint64) + np.uint64(1))) * MIX
        key ^= key >> np.uint64(29)
    return key
