"""What shoppers like this one bought (user-based nearest neighbours)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.evidence import weighed
from recommender.algorithms.matrices import actors_by_products
from recommender.asking import NOTHING, Context, Ranking, best
from recommender.dataset import Dataset

SIMILARITIES = ("cosine", "adjusted_cosine", "pearson")


class UserKNN(Algorithm):
    """Scores ``sum over the nearest of sim(u, v) * r(v, product) / sum sim``, with ``sim * n / (n + shrink)`` for ``n``
    products in common.

    Herlocker, Konstan, Borchers & Riedl, "An algorithmic framework for performing collaborative filtering", SIGIR 1999.
    ``r`` is ``log(1 + weight)``. With ``pearson`` the mean of each person over all products is taken off before the cosine, with
    ``adjusted_cosine`` the mean of each product over all people.

    Args:
        neighbours: people that vote.
        similarity: ``cosine``, ``adjusted_cosine`` or ``pearson``.
        shrink: of people with few products in common.
        most: people looked at for each product of whoever asks, the most active ones.
        decay: what a step back from the last act leaves.
    """

    name = "user_knn"
    label = gettext_noop("Shoppers like you")
    costly = True

    def __init__(
        self,
        neighbours: int = 100,
        similarity: str = "cosine",
        shrink: float = 10.0,
        most: int = 2_000,
        decay: float = 0.9,
    ) -> None:
        self.neighbours = neighbours
        self.similarity = similarity
        self.shrink = shrink
        self.most = most
        self.decay = decay

    def _fit(self, dataset: Dataset) -> None:
        if self.similarity not in SIMILARITIES:
            raise ValueError(f"similarity must be one of {', '.join(SIMILARITIES)}, not {self.similarity!r}")
        if self.neighbours < 1 or not self.shrink >= 0 or self.most < 1 or not 0 < self.decay <= 1:
            raise ValueError(f"neighbours, shrink, most or decay is out of range: {self.params()}")
        acted = actors_by_products(dataset)
        acted.data = np.log1p(acted.data)
        acted.sort_indices()
        self.start_, self.item_ = acted.indptr.astype(np.int64), acted.indices.astype(np.int32)
        self.worth_ = acted.data.astype(np.float32)
        self._learn_means(acted)
        # The most active first: they are the ones looked at where a product has many.
        lengths = np.diff(self.start_)
        order = np.lexsort((np.arange(len(lengths)), -lengths))
        postings = acted[order].tocsc()
        postings.sort_indices()
        low = postings.indptr[:-1]
        kept = np.minimum(np.diff(postings.indptr), self.most)
        rows = np.repeat(low - np.concatenate([[0], np.cumsum(kept)[:-1]]), kept) + np.arange(kept.sum())
        self.person_ = order[postings.indices[rows]].astype(np.int32)
        self.value_ = postings.data[rows].astype(np.float32)
        self.person_start_ = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)

    def _learn_means(self, acted: Any) -> None:
        """What centring takes off: ``(r_u - m) . (r_v - m) = r_u . r_v - part_u - part_v + all`` for means ``m`` of products."""
        width = acted.shape[1]
        sums = np.asarray(acted.sum(axis=1), np.float64).ravel()
        squares = np.asarray(acted.multiply(acted).sum(axis=1), np.float64).ravel()
        mean = sums / width if self.similarity == "pearson" else np.zeros(len(sums))
        adjusted = self.similarity == "adjusted_cosine"
        of_product = np.asarray(acted.mean(axis=0), np.float64).ravel() * adjusted
        part = np.asarray(acted @ of_product, np.float64)
        lengths = squares - width * mean**2 - 2 * part + of_product @ of_product
        self.mean_, self.part_ = mean.astype(np.float32), part.astype(np.float32)
        self.product_mean_ = of_product.astype(np.float32)
        self.norm_ = np.sqrt(np.maximum(lengths, 1e-12)).astype(np.float32)

    def _restore(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        super()._restore(found, meta)
        if "part_" not in found and "mean_" in found:  # a file of before there was an adjusted cosine
            self.part_ = np.zeros(len(self.mean_), np.float32)
            self.product_mean_ = np.zeros(self.products_, np.float32)

    def nearest(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        """People like whoever asks, nearest first, and how like they are: (n,) int64, (n,) float64."""
        items, weights = weighed(context, self.decay, 0.2)
        items, back = np.unique(items, return_inverse=True)
        own = np.log1p(np.bincount(back, weights)) if len(items) else np.zeros(0)
        spans = [slice(self.person_start_[item], self.person_start_[item + 1]) for item in items]
        if not spans:
            return np.zeros(0, np.int64), np.zeros(0)
        found = np.concatenate([self.person_[span] for span in spans])
        people, at = np.unique(found, return_inverse=True)
        parts = np.concatenate([value * self.value_[span] for value, span in zip(own, spans, strict=True)])
        dots, common = np.bincount(at, parts), np.bincount(at)
        mean = own.sum() / self.products_ if self.similarity == "pearson" else 0.0
        part = float(own @ self.product_mean_[items])
        every = float(self.product_mean_ @ self.product_mean_)
        norm = np.sqrt(max(float(own @ own) - self.products_ * mean**2 - 2 * part + every, 1e-12))
        dots = dots - self.products_ * mean * self.mean_[people] - part - self.part_[people] + every
        likeness = dots / (norm * self.norm_[people])
        likeness *= common / (common + self.shrink)
        order = np.lexsort((people, -likeness))[: self.neighbours]
        order = order[likeness[order] > 0]
        return people[order], likeness[order]

    def _rank(self, context: Context, k: int) -> Ranking:
        people, likeness = self.nearest(context)
        if not len(people):
            return NOTHING
        spans = [slice(self.start_[person], self.start_[person + 1]) for person in people]
        products, at = np.unique(np.concatenate([self.item_[span] for span in spans]), return_inverse=True)
        votes = np.concatenate([like * self.worth_[span] for like, span in zip(likeness, spans, strict=True)])
        return best((np.bincount(at, votes) / likeness.sum()).astype(np.float32), products.astype(np.int32), k)
