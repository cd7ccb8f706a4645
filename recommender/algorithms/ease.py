"""A linear model of each product by all others, in closed form (EASE^R)."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop

from recommender.algorithms.base import Algorithm
from recommender.algorithms.evidence import weighed
from recommender.algorithms.matrices import actors_by_products
from recommender.asking import NOTHING, Context, Ranking
from recommender.dataset import Dataset


class EASE(Algorithm):
    """Weights ``B = -P / diag(P)`` with zero diagonal, where ``P = (X'X + l2 I)^-1`` and ``X`` says who did anything with what.

    Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019. The inverse is dense: only the ``most`` products
    that most people acted on take part (8 bytes times ``most`` squared, twice), and of each product's weights the ``width``
    largest by size are kept, negative ones too.

    Args:
        l2: ridge; more for fewer people.
        most: products that take part.
        width: weights kept of each product.
        decay: what a step back from the last act leaves.
    """

    name = "ease"
    label = gettext_noop("Linear model of products (EASE)")
    costly = True
    by_default = False

    def __init__(self, l2: float = 200.0, most: int = 5_000, width: int = 200, decay: float = 0.9) -> None:
        self.l2 = l2
        self.most = most
        self.width = width
        self.decay = decay

    def _fit(self, dataset: Dataset) -> None:
        if not self.l2 > 0 or self.most < 1 or self.width < 1 or not 0 < self.decay <= 1:
            raise ValueError(f"l2, most, width or decay is out of range: {self.params()}")
        acted = actors_by_products(dataset)
        acted.data[:] = 1.0
        people = np.asarray(acted.sum(axis=0)).ravel()
        taken = np.flatnonzero(people)
        taken = np.sort(taken[np.lexsort((taken, -people[taken]))][: self.most])
        weights = self._weights((acted[:, taken].T @ acted[:, taken]).toarray())
        width = min(self.width, len(taken))
        self.near_ = np.full((len(dataset.products), width), -1, np.int32)
        self.like_ = np.zeros((len(dataset.products), width), np.float32)
        order = np.argsort(-np.abs(weights), axis=1, kind="stable")[:, :width]
        kept = np.take_along_axis(weights, order, axis=1).astype(np.float32)
        self.near_[taken] = np.where(kept != 0, taken[order], -1)
        self.like_[taken] = kept

    def _weights(self, gram: np.ndarray) -> np.ndarray:
        """(n, n) weights from product in the row to product in the column."""
        from scipy.linalg import inv

        gram = gram.astype(np.float64)
        gram[np.diag_indices_from(gram)] += self.l2
        inverse = inv(gram, overwrite_a=True, check_finite=False)
        weights: np.ndarray = inverse / -np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return weights

    def _rank(self, context: Context, k: int) -> Ranking:
        items, weights = weighed(context, self.decay)
        if not len(items):
            return NOTHING
        from recommender.algorithms.neighbours import add_up

        return add_up(items, weights, self.near_, self.like_, k)
