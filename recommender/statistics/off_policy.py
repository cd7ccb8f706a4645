"""What another policy would have brought, from what was done under the one that was: IPS, SNIPS, doubly robust, with intervals.

Precup, Sutton & Singh, "Eligibility traces for off-policy policy evaluation", ICML 2000 (per-decision importance sampling, plain
and weighted); Jiang & Li, "Doubly robust off-policy value evaluation for reinforcement learning", ICML 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.intervals import Estimate

Floats = NDArray[np.float64]
DRAWS = 500


@dataclass(frozen=True)
class Logged:
    """Trajectories of equally many steps, under the policy that was in force.

    Attributes:
        reward: (trajectories, steps).
        ratio: (trajectories, steps) probability of what was done under the other policy over that under the one in force.
        worth: (trajectories, steps) what a model takes what was done for, the other policy following; see ``value``.
        value: (trajectories, steps) what it takes the other policy for, from there on. Both may be wrong: the doubly robust
            estimate then only loses certainty.
        discount: of each step.
    """

    reward: Floats
    ratio: Floats
    worth: Floats
    value: Floats
    discount: float = 1.0


def estimates(log: Logged, *, seed: int = 0, draws: int = DRAWS) -> dict[str, Estimate]:
    """Discounted reward of a trajectory: as it was (``logged``), and of the other policy by ``ips``, ``snips`` and ``dr``;
    ``gain`` is the last less the first, paired. Intervals of 95 % by bootstrap over trajectories.

    Raises:
        ValueError: there is no trajectory.
    """
    count, steps = log.reward.shape
    if not count:
        raise ValueError("there is no trajectory to estimate from")
    fades: Floats = log.discount ** np.arange(steps, dtype=np.float64)
    weight: Floats = np.cumprod(log.ratio, axis=1, dtype=np.float64)
    robust = np.zeros(count)
    for step in range(steps - 1, -1, -1):
        ahead = log.reward[:, step] + log.discount * robust - log.worth[:, step]
        robust = log.value[:, step] + log.ratio[:, step] * ahead
    each = {"logged": log.reward @ fades, "ips": (weight * log.reward) @ fades, "dr": robust}
    each["gain"] = each["dr"] - each["logged"]
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), draws).astype(np.float64)
    found = {name: _estimate(float(values.mean()), times @ values / count, count) for name, values in each.items()}
    once = _weighted(np.ones((1, count)), log.reward, weight, fades)
    found["snips"] = _estimate(float(once[0]), _weighted(times, log.reward, weight, fades), count)
    return found


def _weighted(times: Floats, reward: Floats, weight: Floats, fades: Floats) -> Floats:
    """(draws,) at each step the mean reward by weight; a step that no weight reaches brings nothing."""
    below = times @ weight
    means = np.divide(times @ (weight * reward), below, out=np.zeros_like(below), where=below > 0)
    return np.asarray(means @ fades, np.float64)


def _estimate(value: float, drawn: Floats, count: int) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value, float(low), float(high), count)


def effective(log: Logged) -> float:
    """How many trajectories the weights of the last step are worth (Kish): few mean that hardly anybody was treated so."""
    weight = np.prod(log.ratio, axis=1)
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
