"""What those of the same age band, gender and place buy and look at, shrunk to what everybody does."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.popular import decayed_acts
from recommender.asking import Context, Evidence, Ranking, Rows, best
from recommender.dataset import Dataset, NotEnoughData
from recommender.dataset.arrays import as_bytes


class PopularByGroup(Algorithm):
    """The mean over the groups ``g`` that whoever asks is known to belong to, of

    ``P_g(x) = (n_g(x) + shrink * P(x)) / (n_g + shrink)``,

    ``n`` being decayed weights, one act a product and session, ``n_g`` their sum over products and ``P`` the share among
    everybody (a Dirichlet prior at the whole; Zhai & Lafferty, "A study of smoothing methods for language models", ACM TOIS 22,
    2004). Without a group that is known it is ``P``. Groups are the facts of :mod:`recommender.dataset.shoppers`.

    Args:
        half_life_days: age at which an act counts half.
        shrink: weight of the whole in each group; a purchase weighs 5, a view 1.
        least: shoppers of a group below which it is not looked at: nobody's own doings are shown as those of a group.
        depth: products of the whole that an answer may take beside those of the groups.
    """

    name = "popular_by_group"
    label = gettext_noop("Popular with shoppers of the same age, gender and place")

    group_: NDArray[np.bytes_]

    def __init__(self, half_life_days: float = 30.0, shrink: float = 500.0, least: int = 10, depth: int = 500) -> None:
        self.half_life_days = half_life_days
        self.shrink = shrink
        self.least = least
        self.depth = depth

    def _fit(self, dataset: Dataset) -> None:
        if not self.half_life_days > 0 or self.shrink < 0 or self.least < 1 or self.depth < 1:
            raise ValueError(f"half_life_days, shrink, least or depth is out of range: {self.params()}")
        rows, worth = decayed_acts(dataset, self.half_life_days)
        whole = np.maximum(np.bincount(dataset.product[rows], worth, minlength=len(dataset.products)), 0.0)
        if not whole.sum() > 0:
            raise NotEnoughData("nothing that was done counts for a product: send views or orders")
        self.share_ = (whole / whole.sum()).astype(np.float32)
        order = np.lexsort((np.arange(len(whole)), -whole))[: self.depth]
        self.top_: Rows = order[whole[order] > 0].astype(np.int32)
        words, members = self._groups(dataset)
        shopper = dataset.session_shopper[dataset.session_of_row[rows]]
        known = shopper >= 0
        self._learn_groups(members, shopper[known], dataset.product[rows][known], worth[known])
        self.group_ = as_bytes(words)

    def _groups(self, dataset: Dataset) -> tuple[list[str], list[NDArray[np.bool_]]]:
        """Groups with enough shoppers, sorted as bytes, and who belongs to each."""
        facts = dataset.shoppers
        held = {} if facts is None else facts.groups()
        large = {word: members for word, members in held.items() if members.sum() >= self.least}
        words = sorted(large, key=str.encode)
        return words, [large[word] for word in words]

    def _learn_groups(
        self, members: list[NDArray[np.bool_]], shopper: Rows, product: Rows, worth: NDArray[np.float64]
    ) -> None:
        """Own part of each group's share, ``n_g(x) / (n_g + shrink)``, and what is left for the whole."""
        parts, items = [], []
        self.left_: NDArray[np.float32] = np.ones(len(members), np.float32)
        for row, inside in enumerate(members):
            mine = inside[shopper]
            sums = np.maximum(np.bincount(product[mine], worth[mine], minlength=self.products_), 0.0)
            below = sums.sum() + self.shrink
            there = np.flatnonzero(sums)
            items.append(there)
            parts.append(sums[there] / max(below, 1e-12))
            self.left_[row] = self.shrink / below if below > 0 else 1.0
        self.start_ = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        self.item_: Rows = np.concatenate([np.zeros(0), *items]).astype(np.int32)
        self.part_: NDArray[np.float32] = np.concatenate([np.zeros(0), *parts]).astype(np.float32)

    def scores(self, profile: tuple[str, ...]) -> NDArray[np.float64]:
        """(products,) the mean above; they add up to one."""
        rows = [row for word in profile if (row := self._row(word)) >= 0]
        total: NDArray[np.float64] = self.share_.astype(np.float64)
        if not rows:
            return total
        total *= self.left_[rows].mean(dtype=np.float64)
        for row in rows:
            span = slice(self.start_[row], self.start_[row + 1])
            total[self.item_[span]] += self.part_[span].astype(np.float64) / len(rows)
        return total

    def _row(self, word: str) -> int:
        wanted = np.bytes_(word.encode())
        row = int(np.searchsorted(self.group_, wanted))
        return row if row < len(self.group_) and self.group_[row] == wanted else -1

    def _rank(self, context: Context, k: int) -> Ranking:
        scores = self.scores(context.profile)
        own = [
            self.item_[self.start_[row] : self.start_[row + 1]] for row in map(self._row, context.profile) if row >= 0
        ]
        rows = np.unique(np.concatenate([self.top_, *own]))
        return best(scores[rows].astype(np.float32), rows, k)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """That it is popular: what a shopper told of themselves is not repeated to whoever looks over their shoulder."""
        return Evidence("popular") if self.share_[product] > 0 else None
