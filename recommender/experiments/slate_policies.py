"""What another way of choosing among the arms of a slot would have brought, from slates logged with their propensities.

One slate is one decision and the arm that filled it is the action: IPS (Horvitz and Thompson 1952; Strehl, Langford, Li and Kakade,
NIPS 2010), SNIPS (Swaminathan and Joachims, NIPS 2015) and doubly robust (Dudik, Langford and Li, ICML 2011). Slates of one person
are alike, so intervals count people: the variance is that of sums by person, of what each estimate depends on linearly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.intervals import Estimate

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Z95 = 1.959963984540054
FOLDS = 2


@dataclass(frozen=True)
class SlateLog:
    """Slates that were shown.

    Attributes:
        arm: (slates,) index of the arm that filled it.
        reward: (slates,) what came of it: 1 for a click.
        propensity: (slates, arms) with which each arm was drawn then; above zero for the one that was.
        situation: (slates,) number of the situation.
        person: (slates,) number of the person.
    """

    arm: Numbers
    reward: Floats
    propensity: Floats
    situation: Numbers
    person: Numbers

    def __len__(self) -> int:
        return len(self.arm)


def expected_rewards(log: SlateLog, *, strength: float = 20.0) -> Floats:
    """(slates, arms) mean reward of each arm in the slate's situation, learned from other people than the slate's.

    A situation that was hardly seen is taken to be like the arm elsewhere, as if ``strength`` slates said so.
    """
    arms = log.propensity.shape[1]
    situations = int(log.situation.max(initial=0)) + 1
    found = np.zeros((len(log), arms))
    # Folds of people, so that no slate is judged by a model that has seen it.
    fold = log.person % FOLDS
    for one in range(FOLDS):
        rest = fold != one
        cell = log.situation[rest] * arms + log.arm[rest]
        count = np.bincount(cell, minlength=situations * arms).reshape(situations, arms)
        total = np.bincount(cell, log.reward[rest], minlength=situations * arms).reshape(situations, arms)
        overall = (total.sum() + 1.0) / (count.sum() + 2.0)
        of_arm = (total.sum(axis=0) + strength * overall) / (count.sum(axis=0) + strength)
        rates = (total + strength * of_arm) / (count + strength)
        found[~rest] = rates[log.situation[~rest]]
    return found


def estimates(log: SlateLog, policy: Floats, expected: Floats | None = None) -> dict[str, Estimate]:
    """Mean reward of a slate under ``policy``, by ``ips``, ``snips`` and ``dr``, with 95 % intervals.

    Args:
        policy: (slates, arms) with which each arm would be drawn.
        expected: (slates, arms) expected rewards for ``dr``; default :func:`expected_rewards`.

    Raises:
        ValueError: there is no slate, or one was shown that could not have been.
    """
    if not len(log):
        raise ValueError("there is no slate to estimate from")
    rows = np.arange(len(log))
    had = log.propensity[rows, log.arm]
    if not (had > 0).all():
        raise ValueError("a slate was shown whose arm had no chance")
    q = expected_rewards(log) if expected is None else expected
    weight = policy[rows, log.arm] / had
    ips = weight * log.reward
    robust = (policy * q).sum(axis=1) + weight * (log.reward - q[rows, log.arm])
    mean_weight = float(weight.mean())
    snips = float(ips.mean()) / mean_weight if mean_weight > 0 else 0.0
    influence = weight * (log.reward - snips) / mean_weight if mean_weight > 0 else np.zeros(len(log))
    return {
        "ips": _estimate(float(ips.mean()), ips - ips.mean(), log.person),
        "snips": _estimate(snips, influence, log.person),
        "dr": _estimate(float(robust.mean()), robust - robust.mean(), log.person),
    }


def _estimate(value: float, influence: Floats, person: Numbers) -> Estimate:
    sums = np.bincount(person, influence)
    half = Z95 * float(np.sqrt((sums**2).sum())) / len(influence)
    return Estimate(value, value - half, value + half, len(influence))


def always(arm: int, slates: int, arms: int) -> Floats:
    """(slates, arms) the policy that knows one arm only."""
    policy = np.zeros((slates, arms))
    policy[:, arm] = 1.0
    return policy


def effective(log: SlateLog, policy: Floats) -> float:
    """How many slates the weights are worth (Kish): few mean that hardly any was filled as ``policy`` would."""
    weight = policy[np.arange(len(log)), log.arm] / log.propensity[np.arange(len(log)), log.arm]
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
