"""Factors of shoppers and products: alternating least squares, learned by ``implicit``, and Bayesian personalised ranking.

Only the products' factors are kept. Whoever asks is folded in from what they did, so that somebody who came a minute ago is
answered like somebody known, and nothing about a person is in the file.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.evidence import weighed
from recommender.algorithms.matrices import actors_by_products
from recommender.asking import NOTHING, Context, Ranking, Rows, best
from recommender.dataset import Dataset

SEED = 7


def _one_thread() -> AbstractContextManager[Any]:
    """BLAS on one thread: ``implicit`` has threads of its own."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1, "blas")
    return limits


class ALS(Algorithm):
    """Weighted matrix factorisation by alternating least squares; preference 1 with confidence ``1 + alpha * weight``.

    Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008. A context is folded in by the
    same least squares: ``x = (Y'Y + sum alpha w y y' + l2 I)^-1 sum (1 + alpha w) y``; the score of a product is ``x y``.

    Args:
        factors: length of the vectors.
        l2: ridge.
        alpha: confidence of a weight.
        iterations: of both sides.
        decay: what a step back from the last act leaves.
    """

    name = "als"
    label = gettext_noop("Factors of shoppers and products (ALS)")
    costly = True

    def __init__(
        self, factors: int = 64, l2: float = 5.0, alpha: float = 5.0, iterations: int = 15, decay: float = 0.9
    ) -> None:
        self.factors = factors
        self.l2 = l2
        self.alpha = alpha
        self.iterations = iterations
        self.decay = decay

    def _fit(self, dataset: Dataset) -> None:
        if self.factors < 1 or not self.l2 > 0 or not self.alpha > 0 or self.iterations < 1 or not 0 < self.decay <= 1:
            raise ValueError(f"factors, l2, alpha, iterations or decay is out of range: {self.params()}")
        acted = actors_by_products(dataset)
        with _one_thread():
            from implicit.als import AlternatingLeastSquares

            model = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.l2,
                alpha=self.alpha,
                iterations=self.iterations,
                random_state=SEED,
                num_threads=1,
                use_gpu=False,
            )
            model.fit(acted, show_progress=False)
        # Products that nobody acted on have no vector of their own.
        seen = np.bincount(acted.indices, minlength=acted.shape[1]) > 0
        self.vectors_ = np.where(seen[:, None], model.item_factors, 0.0).astype(np.float32)
        self.gram_ = (self.vectors_.T @ self.vectors_).astype(np.float64)

    def item_vectors(self) -> NDArray[np.float32] | None:
        """What was learned of each product."""
        return self.vectors_

    def fold_in(self, items: Rows, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """(factors,) vector of whoever acted on ``items``, each with its weight; zeros where nothing is known."""
        vectors = self.vectors_[items].astype(np.float64)
        confidence = self.alpha * weights.astype(np.float64)
        left = self.gram_ + (vectors.T * confidence) @ vectors + self.l2 * np.eye(self.vectors_.shape[1])
        return np.linalg.solve(left, vectors.T @ (1.0 + confidence)).astype(np.float32)

    def _rank(self, context: Context, k: int) -> Ranking:
        scores = self.vectors_ @ self.fold_in(*weighed(context, self.decay, 0.2))
        return best(scores, np.arange(self.products_, dtype=np.int32), k)


class BPR(Algorithm):
    """Factors that put what was acted on before what was not, by pairs drawn at random.

    Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009. A pair's loss has no closed form
    for somebody new: people's vectors are regressed on the sums of the vectors of what they acted on, and a context gets what
    the regression says of its sum. The score of a product is its bias plus the product of both.

    Args:
        factors: length of the vectors.
        rate: step of the descent.
        l2: ridge.
        iterations: passes over the data.
        decay: what a step back from the last act leaves.
    """

    name = "bpr"
    label = gettext_noop("Factors that rank pairs (BPR)")
    costly = True
    by_default = False

    def __init__(
        self, factors: int = 64, rate: float = 0.05, l2: float = 0.02, iterations: int = 60, decay: float = 0.9
    ) -> None:
        self.factors = factors
        self.rate = rate
        self.l2 = l2
        self.iterations = iterations
        self.decay = decay

    def _fit(self, dataset: Dataset) -> None:
        if self.factors < 1 or not self.rate > 0 or self.l2 < 0 or self.iterations < 1 or not 0 < self.decay <= 1:
            raise ValueError(f"factors, rate, l2, iterations or decay is out of range: {self.params()}")
        from recommender.algorithms.pairs import learn_pairs

        acted = actors_by_products(dataset)
        learned = learn_pairs(
            acted, factors=self.factors, rate=self.rate, l2=self.l2, passes=self.iterations, seed=SEED
        )
        # Products that nobody acted on only ever lost.
        self.seen_ = np.bincount(acted.indices, minlength=acted.shape[1]) > 0
        self.vectors_ = np.where(self.seen_[:, None], learned.products, 0.0).astype(np.float32)
        self.bias_ = learned.bias
        acted.data[:] = 1.0
        sums = (acted @ self.vectors_) / np.sqrt(np.maximum(np.diff(acted.indptr), 1))[:, None]
        left = (sums.T @ sums).astype(np.float64) + np.eye(self.factors)
        self.fold_ = np.linalg.solve(left, sums.T.astype(np.float64) @ learned.people).astype(np.float32)

    def item_vectors(self) -> NDArray[np.float32] | None:
        """What was learned of each product."""
        return self.vectors_

    def fold_in(self, items: Rows, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """(factors,) vector of whoever acted on ``items``, each with its weight."""
        vector: NDArray[np.float32] = (weights @ self.vectors_[items] / np.sqrt(weights.sum())) @ self.fold_
        return vector

    def _rank(self, context: Context, k: int) -> Ranking:
        items, weights = weighed(context, self.decay, 0.2)
        if not len(items):
            return NOTHING
        scores = self.vectors_ @ self.fold_in(items, weights) + self.bias_
        # An answer's scores are positive; order is all that a pair's loss says.
        products = np.flatnonzero(self.seen_).astype(np.int32)
        scores = scores[products]
        return best((scores - scores.min() + 1e-6).astype(np.float32), products, k)
