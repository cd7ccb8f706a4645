"""Factors with implicit feedback: which items a user rated at all says something too (SVD++).

Koren, "Factorization meets the neighborhood", KDD 2008, equation 15; learned by stochastic gradients, user by user.
"""

from __future__ import annotations

import numba
import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.ratings.base import Rater
from recommender.ratings.table import Ratings, Rows, Values


@numba.njit(cache=True, nogil=True)
def _round(order, start, items, value, mean, bu, bi, p, q, y, rate, bias_ridge, ridge):  # type: ignore[no-untyped-def]
    """One pass over all ratings, users in ``order``; the implicit part of a user is moved once, by the sum of his gradients."""
    width = p.shape[1]
    for u in order:
        low, high = start[u], start[u + 1]
        if low == high:
            continue
        share = 1.0 / np.sqrt(high - low)
        implied, moved = np.zeros(width), np.zeros(width)
        for n in range(low, high):
            implied += y[items[n]] * share
        for n in range(low, high):
            i = items[n]
            told = mean + bu[u] + bi[i]
            for f in range(width):
                told += q[i, f] * (p[u, f] + implied[f])
            error = value[n] - told
            bu[u] += rate * (error - bias_ridge * bu[u])
            bi[i] += rate * (error - bias_ridge * bi[i])
            for f in range(width):
                before = q[i, f]
                q[i, f] += rate * (error * (p[u, f] + implied[f]) - ridge * before)
                p[u, f] += rate * (error * before - ridge * p[u, f])
                step = rate * (error * before - ridge * implied[f] * share)
                implied[f] += step
                moved[f] += step
        for n in range(low, high):
            y[items[n]] += moved * share


class SVDpp(Rater):
    """``r(u, i) = mu + b(u) + b(i) + q(i) . (p(u) + sum(y(j)) / sqrt(|N(u)|))``, N(u) being what u rated.

    Args:
        factors: length of the vectors.
        rounds: passes over the ratings.
        rate: step of the first round; each following is ``fall`` of the one before.
        bias_ridge, ridge: penalties of biases and of vectors.
        seed: of the start and of the order of users.
    """

    name = "svdpp"
    label = gettext_noop("Factors with implicit feedback")
    source = "Koren, KDD 2008"

    def __init__(
        self,
        factors: int = 60,
        rounds: int = 60,
        rate: float = 0.01,
        fall: float = 0.97,
        bias_ridge: float = 0.02,
        ridge: float = 0.22,
        seed: int = 0,
    ) -> None:
        self.factors = factors
        self.rounds = rounds
        self.rate = rate
        self.fall = fall
        self.bias_ridge = bias_ridge
        self.ridge = ridge
        self.seed = seed

    def _fit(self, ratings: Ratings) -> None:
        if self.factors < 1 or self.rounds < 1 or not 0 < self.rate < 1 or not 0 < self.fall <= 1 or self.ridge < 0:
            raise ValueError(f"factors, rounds, rate, fall or ridge is out of range: {self.params()}")
        rng = np.random.default_rng(self.seed)
        matrix = ratings.matrix()
        self.mean_ = float(ratings.value.mean())
        self.bu_, self.bi_ = np.zeros(ratings.users), np.zeros(ratings.items)
        self.p_, self.q_, y = (rng.normal(0, 0.1, (n, self.factors)) for n in (ratings.users, *[ratings.items] * 2))
        for round_ in range(self.rounds):
            order = rng.permutation(ratings.users)
            held = (self.mean_, self.bu_, self.bi_, self.p_, self.q_, y)
            step = self.rate * self.fall**round_
            _round(order, matrix.indptr, matrix.indices, matrix.data, *held, step, self.bias_ridge, self.ridge)
        # What is not known starts at random and is nobody's taste.
        users, items = ratings.counts()
        self.p_[users == 0], self.q_[items == 0] = 0.0, 0.0
        spread = np.sqrt(np.maximum(users, 1))[:, None]
        seen = ratings.matrix(np.ones(len(ratings)))
        self.p_ += (seen @ y) / spread

    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        product = np.einsum("nf,nf->n", self.p_[user], self.q_[item])
        values: Values = self.mean_ + self.bu_[user] + self.bi_[item] + product
        return values
