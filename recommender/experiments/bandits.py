"""Bandits over the arms of a slot: how likely each arm is the best, as the probability with which it is then drawn.

Sampling from the posterior and taking the best arm (Thompson 1933) draws each with the probability that it is the best. Here that
probability is integrated first and the arm drawn by it, which is the same policy: so what is logged is what was drawn with, and
off-policy estimates rest on it. Beliefs change with a tick, not with each click (batched, as in Chapelle and Li, *An empirical
evaluation of Thompson sampling*, NIPS 2011). By situation: linear Thompson sampling (Agrawal and Goyal, ICML 2013) and LinUCB with
disjoint models (Li, Chu, Langford and Schapire, WWW 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Beta(1, 1): before the first slate everything is as likely.
PRIOR = (1.0, 1.0)
# Nodes of Gauss and Legendre: the error of the integrals is below 1e-6 where arms overlap at all.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_U: Floats = (_NODES + 1) / 2
_W: Floats = _WEIGHTS / 2
# A normal variable lies within eight standard deviations.
_Z: Floats = 8 * _NODES
_PHI: Floats = 8 * _WEIGHTS * np.exp(-(_Z**2) / 2) / np.sqrt(2 * np.pi)


def floored(probabilities: Floats, floor: float) -> Floats:
    """Mixed with uniform so that each of the K arms keeps ``floor`` at least (at most 1 / K): (1 - K floor) p + floor.

    Raises:
        ValueError: the floors make more than a whole.
    """
    arms = probabilities.shape[-1]
    if not 0 <= floor * arms <= 1 + 1e-9:
        raise ValueError(f"a floor of {floor} for each of {arms} arms is more than a whole")
    whole = probabilities / probabilities.sum(axis=-1, keepdims=True)
    mixed: Floats = (1 - arms * floor) * whole + floor
    return mixed


def best_of_betas(clicked: Sequence[int], others: Sequence[int]) -> Floats:
    """(arms,) how likely each arm has the highest rate, after ``clicked`` and ``others`` of each.

    P(i best) = integral over u in (0, 1) of the product over j != i of F_j(F_i^-1(u)).
    """
    from scipy import stats

    a, b = np.asarray(clicked, float) + PRIOR[0], np.asarray(others, float) + PRIOR[1]
    found = np.empty(len(a))
    for arm in range(len(a)):
        rates = stats.beta.ppf(_U, a[arm], b[arm])
        below = [stats.beta.cdf(rates, a[other], b[other]) for other in range(len(a)) if other != arm]
        found[arm] = _W @ np.prod(below, axis=0) if below else 1.0
    whole: Floats = found / found.sum()
    return whole


def best_of_normals(means: Floats, spreads: Floats) -> Floats:
    """(..., arms) how likely each of independent normal variables is the largest.

    Args:
        means, spreads: (..., arms) with spreads (standard deviations) above zero.
    """
    # scipy's ndtr, not stats.norm.cdf: this is on the way of a request.
    from scipy.special import ndtr

    at = means[..., :, None] + spreads[..., :, None] * _Z
    below = ndtr((at[..., :, None, :] - means[..., None, :, None]) / spreads[..., None, :, None])
    arms = means.shape[-1]
    below[..., range(arms), range(arms), :] = 1.0
    found = np.prod(below, axis=-2) @ _PHI
    whole: Floats = found / found.sum(axis=-1, keepdims=True)
    return whole


@dataclass(frozen=True)
class Linear:
    """A linear model of the click rate for each arm, from sums by situation.

    Attributes:
        weights: (arms, features) of what differs from ``rate``.
        covariance: (arms, features, features) of the weights.
        rate: click rate over all arms.
    """

    weights: Floats
    covariance: Floats
    rate: float

    def means(self, x: Floats) -> Floats:
        """(arms,) expected click rate in the situation ``x`` (features,)."""
        found: Floats = self.rate + self.weights @ x
        return found

    def spreads(self, x: Floats) -> Floats:
        """(arms,) standard deviation of that expectation."""
        found: Floats = np.sqrt(np.maximum(np.einsum("i,kij,j->k", x, self.covariance, x), 1e-18))
        return found


def linear(x: Floats, seen: Floats, clicked: Floats, *, prior: float = 1.0, most: float = 0.25) -> Linear:
    """Ridge regression of clicks on situations, each arm by itself.

    A_k = sum over slates of x x' + prior I, weights = A_k^-1 sum (r - rate) x, covariance = noise A_k^-1 with the noise of a
    click, rate (1 - rate), at most ``most``.

    Args:
        x: (situations, features).
        seen, clicked: (arms, situations) slates.
        prior: slates that speak for no difference.
    """
    whole = seen.sum()
    rate = float((clicked.sum() + PRIOR[0]) / (whole + sum(PRIOR)))
    noise = min(max(rate * (1 - rate), 1e-4), most)
    weights, covariance = [], []
    for arm in range(len(seen)):
        a = (x * seen[arm][:, None]).T @ x + prior * np.eye(x.shape[1])
        inverse = np.linalg.inv(a)
        weights.append(inverse @ (x.T @ (clicked[arm] - rate * seen[arm])))
        covariance.append(noise * inverse)
    return Linear(np.array(weights), np.array(covariance), rate)


def thompson_by_situation(model: Linear, x: Floats) -> Floats:
    """(arms,) how likely each arm is the best in the situation ``x``."""
    return best_of_normals(model.means(x), model.spreads(x))


def linucb(model: Linear, x: Floats, width: float = 1.0) -> Floats:
    """(arms,) one for the arm with the highest upper bound, mean + width x spread; equals share."""
    bound = model.means(x) + width * model.spreads(x)
    best = bound >= bound.max() - 1e-12
    found: Floats = best / best.sum()
    return found
