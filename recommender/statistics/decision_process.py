"""A Markov decision process from what was done and what came of it: estimated with its doubt, solved by value iteration.

Puterman, "Markov Decision Processes" (1994), 6.3 (value iteration); the estimates are posterior means under Dirichlet priors, as in
Dearden, Friedman & Andre, "Model based Bayesian exploration", UAI 1999. Pure: it knows neither campaigns nor shoppers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Decisions:
    """What was decided, one row a decision, those of one shopper in the order of time.

    Attributes:
        start: (trajectories + 1,) rows of each trajectory; what follows a row is the next one of it, the last has no successor.
        state, action: (rows,) numbers.
        reward: (rows,) what came of it before the next decision.
    """

    start: Numbers
    state: Numbers
    action: Numbers
    reward: Floats

    @property
    def followed(self) -> Numbers:
        """Rows that have a successor."""
        last = np.zeros(len(self.state), np.bool_)
        ends = self.start[1:][np.diff(self.start) > 0]
        last[ends - 1] = True
        return np.flatnonzero(~last)


@dataclass(frozen=True)
class Process:
    """Estimates by state and action.

    Attributes:
        counts: (states, actions) decisions they rest on.
        alpha: (states, actions, states) of the Dirichlet over the next state.
        rewards: (states, actions) mean reward, shrunk to the state's.
        doubt: (states, actions) standard error of it.
        allowed: (states, actions) whether there is enough to choose it by.
    """

    counts: Numbers
    alpha: Floats
    rewards: Floats
    doubt: Floats
    allowed: Flags

    @property
    def moves(self) -> Floats:
        """(states, actions, states) expected probability of each next state."""
        expected: Floats = self.alpha / self.alpha.sum(axis=2, keepdims=True)
        return expected


@dataclass(frozen=True)
class Solution:
    """What is best.

    Attributes:
        values: (states,) discounted reward of going on for ever.
        worth: (states, actions) of doing that now and the best after; -inf where it is not allowed.
        policy: (states,) action.
    """

    values: Floats
    worth: Floats
    policy: Numbers


def estimate(
    log: Decisions, states: int, actions: int, *, idle: int = 0, strength: float = 10.0, least: int = 30
) -> Process:
    """Estimates from what was decided.

    Each action begins where its state stands over all actions, worth ``strength`` decisions, and each state where all states
    stand, worth one: what was hardly tried is taken to do hardly anything.

    Args:
        idle: the action that is always allowed.
        least: decisions below which another action is not.

    Raises:
        ValueError: a number is out of its range.
    """
    if strength <= 0 or least < 0:
        raise ValueError(f"strength must be positive and least not negative, not {strength} and {least}")
    cell = log.state * actions + log.action
    counts = np.bincount(cell, minlength=states * actions).reshape(states, actions)
    rows = log.followed
    moved = np.bincount(
        (cell[rows] * states + log.state[rows + 1]).astype(np.int64), minlength=states * actions * states
    ).reshape(states, actions, states)
    everywhere = (moved.sum(axis=(0, 1)) + 1.0) / (moved.sum() + states)
    of_state = moved.sum(axis=1) + everywhere
    of_state /= of_state.sum(axis=1, keepdims=True)
    sums = np.bincount(cell, log.reward, minlength=states * actions).reshape(states, actions).astype(np.float64)
    squares = np.bincount(cell, log.reward**2, minlength=states * actions).reshape(states, actions).astype(np.float64)
    overall = log.reward.mean() if len(log.reward) else 0.0
    of_state_reward = (sums.sum(axis=1) + overall) / (counts.sum(axis=1) + 1.0)
    rewards = (sums + strength * of_state_reward[:, None]) / (counts + strength)
    allowed = counts >= max(least, 1)
    allowed[:, idle] = True
    return Process(
        counts, moved + strength * of_state[:, None, :], rewards, _doubt(counts, sums, squares, strength), allowed
    )


def _doubt(counts: Numbers, sums: Floats, squares: Floats, strength: float) -> Floats:
    """Standard errors by the spread of each state over all actions; that of everything where a state was hardly seen."""
    total, mean = max(counts.sum(), 1), sums.sum() / max(counts.sum(), 1)
    whole = max(squares.sum() / total - mean**2, 0.0)
    of_state = counts.sum(axis=1)
    means = sums.sum(axis=1) / np.maximum(of_state, 1)
    spread = np.maximum(squares.sum(axis=1) - of_state * means**2, 0.0) + whole
    error: Floats = np.sqrt((spread / (of_state + 1.0))[:, None] / (counts + strength))
    return error


def solve(moves: Floats, rewards: Floats, allowed: Flags, discount: float, tolerance: float = 1e-9) -> Solution:
    """Value iteration, until no value is further than ``tolerance`` from the best there is; of equals the first action.

    Raises:
        ValueError: ``discount`` is not in [0, 1), or a state has no action.
    """
    if not 0 <= discount < 1:
        raise ValueError(f"discount must be at least 0 and less than 1, not {discount}")
    if not allowed.any(axis=1).all():
        raise ValueError("a state has no action that is allowed")
    values = np.zeros(len(rewards))
    while True:
        worth = np.where(allowed, rewards + discount * moves @ values, -np.inf)
        better = worth.max(axis=1)
        change = float(np.abs(better - values).max(initial=0.0))
        values = better
        if change * discount <= tolerance * (1 - discount):
            break
    worth = np.where(allowed, rewards + discount * moves @ values, -np.inf)
    return Solution(values, worth, worth.argmax(axis=1))


def surety(
    process: Process, solution: Solution, discount: float, idle: int = 0, *, draws: int = 400, seed: int = 0
) -> Floats:
    """(states,) how likely the action of the policy is worth more than being idle: the share of draws from what is believed.

    Moves and rewards of the one decision are drawn, what comes after it is as solved; 1 where the policy is idle.
    """
    rng = np.random.default_rng(seed)
    sure = np.ones(len(solution.policy))
    for state, action in enumerate(solution.policy.tolist()):
        if action == idle:
            continue
        both = [
            rng.normal(process.rewards[state, each], process.doubt[state, each], draws)
            + discount * rng.dirichlet(process.alpha[state, each], draws) @ solution.values
            for each in (action, idle)
        ]
        sure[state] = float((both[0] > both[1]).mean())
    return sure


def worth_by_step(
    moves: Floats, rewards: Floats, policy: Numbers, discount: float, steps: int
) -> tuple[Floats, Floats]:
    """What a policy is worth when ``steps`` decisions in all are left to make.

    Returns:
        (steps, states, actions) worth of each action first and the policy after, and (steps, states) of the policy; the first
        entry is of all ``steps``, the last of a single one.
    """
    every, left = np.arange(len(policy)), np.zeros(len(policy))
    worth, values = [], []
    for _ in range(steps):
        now = rewards + discount * moves @ left
        left = now[every, policy]
        worth.append(now)
        values.append(left)
    return np.array(worth[::-1]), np.array(values[::-1])
