"""Factors of users and items with all that is uncertain in them: Bayesian matrix factorisation by Gibbs sampling.

Salakhutdinov & Mnih, "Bayesian probabilistic matrix factorization using Markov chain Monte Carlo", ICML 2008; biases are the first
column of the factors, so that they share the prior.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.ratings.base import Rater
from recommender.ratings.table import Ratings, Rows, Values


@numba.njit(cache=True, nogil=True)
def _sample_rows(start, other, value, factors, prior, centre, alpha, noise, out):  # type: ignore[no-untyped-def]
    """Draw each row's factors given those of the other side (equation 11 of the paper).

    Args:
        start, other, value: CSR: ratings less the mean.
        factors: (others, d) of the other side, its bias first; ``noise``: (rows, d) standard normal.
        prior, centre: precision (d, d) and mean (d,) of the prior; ``alpha``: precision of a rating.
    """
    d = factors.shape[1]
    pulled = prior @ centre
    design = np.empty(d)
    chol = np.empty((d, d))
    for row in range(len(start) - 1):
        precision, right = prior.copy(), pulled.copy()
        for n in range(start[row], start[row + 1]):
            design[:] = factors[other[n]]
            rest = alpha * (value[n] - design[0])
            design[0] = 1.0
            for a in range(d):
                right[a] += rest * design[a]
                scaled = alpha * design[a]
                for b in range(a + 1):
                    precision[a, b] += scaled * design[b]
        for a in range(d):
            for b in range(a + 1):
                total = precision[a, b]
                for c in range(b):
                    total -= chol[a, c] * chol[b, c]
                chol[a, b] = np.sqrt(total) if a == b else total / chol[b, b]
        for a in range(d):
            for c in range(a):
                right[a] -= chol[a, c] * right[c]
            right[a] /= chol[a, a]
        for a in range(d - 1, -1, -1):
            total = right[a] + noise[row, a]
            for c in range(a + 1, d):
                total -= chol[c, a] * out[row, c]
            out[row, a] = total / chol[a, a]


@numba.njit(cache=True, nogil=True)
def _answer(users, items, user, item):  # type: ignore[no-untyped-def]
    """(n,) mean over samples (samples, rows, d) of bias + bias + product of factors."""
    out = np.zeros(len(users))
    for n in range(len(users)):
        for s in range(user.shape[0]):
            p, q = user[s, users[n]], item[s, items[n]]
            total = p[0] + q[0]
            for f in range(1, len(p)):
                total += p[f] * q[f]
            out[n] += total
        out[n] /= user.shape[0]
    return out


class BayesianFactors(Rater):
    """``r(u, i) = mu + b(u) + b(i) + p(u) . q(i)``, averaged over draws of the posterior.

    Args:
        factors: length of p and q.
        burn_in, samples: rounds before what is kept, and rounds kept.
        seed: of the draws.
    """

    name = "bayesian_factors"
    label = gettext_noop("Bayesian factors")
    source = "Salakhutdinov & Mnih, ICML 2008"

    def __init__(self, factors: int = 24, burn_in: int = 20, samples: int = 80, seed: int = 0) -> None:
        self.factors = factors
        self.burn_in = burn_in
        self.samples = samples
        self.seed = seed

    def _fit(self, ratings: Ratings) -> None:
        if self.factors < 1 or self.burn_in < 0 or self.samples < 1:
            raise ValueError(f"factors, burn_in or samples is out of range: {self.params()}")
        rng = np.random.default_rng(self.seed)
        self.mean_ = float(ratings.value.mean())
        matrix = ratings.matrix(ratings.value - self.mean_)
        sides = (matrix, matrix.T.tocsr())
        held = [rng.normal(0, 0.1, (side.shape[0], self.factors + 1)) for side in sides]
        self.user_ = np.empty((self.samples, ratings.users, self.factors + 1), np.float32)
        self.item_ = np.empty((self.samples, ratings.items, self.factors + 1), np.float32)
        alpha = 1.0
        for round_ in range(self.burn_in + self.samples):
            for side in (0, 1):
                held[side] = _draw(sides[side], held[1 - side], held[side], alpha, rng)
            alpha = self._precision(ratings, held[0], held[1], rng)
            if (kept := round_ - self.burn_in) >= 0:
                self.user_[kept], self.item_[kept] = held

    def _precision(self, ratings: Ratings, user: Values, item: Values, rng: np.random.Generator) -> float:
        """Precision of a rating, drawn given the factors."""
        told = _answer(ratings.user, ratings.item, user[None].astype(np.float32), item[None].astype(np.float32))
        error = ratings.value - self.mean_ - told
        return float(rng.gamma(1 + len(error) / 2, 1 / (1 + float(error @ error) / 2)))

    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        predicted: Values = self.mean_ + _answer(user, item, self.user_, self.item_)
        return predicted


def _draw(side: Any, others: Values, held: Values, alpha: float, rng: np.random.Generator) -> Values:
    """The factors of one side: first its prior given what they were (Normal-Wishart, equation 14), then each row."""
    from scipy.stats import wishart

    n, d = held.shape
    mean, spread = held.mean(axis=0), np.cov(held.T, bias=True) if n > 1 else np.zeros((d, d))
    beta, freedom = 2.0, d
    scale = np.linalg.inv(np.eye(d) + n * spread + (beta * n / (beta + n)) * np.outer(mean, mean))
    prior = np.atleast_2d(wishart.rvs(freedom + n, (scale + scale.T) / 2, random_state=rng))
    centre = rng.multivariate_normal(n * mean / (beta + n), np.linalg.inv((beta + n) * prior), method="cholesky")
    out = np.empty_like(held)
    noise = rng.normal(size=(n, d))
    _sample_rows(side.indptr, side.indices, side.data, others, prior, centre, alpha, noise, out)
    return out
