"""Which action is best for a shopper next: a Markov decision process over states, by week, judged by what was really done.

A state is the shopper's hidden one (:mod:`recommender.profiles.states`) and a coarse RFM, both of what was known when the week
began, and whether a trigger fired: whoever left a cart is about to buy, and a reminder is to be measured against those who left
one too and were held out. Learned from are shoppers who are sent messages at all. The reward is the week's margin less what the
message costs. What is learned from one half of the shoppers is judged on the other, each in the same half as long as they are
known; the table given out is learned from all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from push.audiences.buckets import bucket_of
from push.decisions.logged import NAMES, actions_by_week, margins_by_week
from recommender.dataset import Dataset
from recommender.evaluation.intervals import Estimate
from recommender.profiles.states import LABELS, StateModel, fit, pick, weeks_of
from recommender.statistics.decision_process import (
    Decisions,
    Process,
    Solution,
    estimate,
    solve,
    surety,
    worth_by_step,
)
from recommender.statistics.off_policy import Logged, effective, estimates

Numbers = NDArray[np.int64]

IDLE = NAMES.index("nothing")
# RFM looks back half a year; lately is within four weeks, often three orders.
RFM_WEEKS, LATELY, OFTEN = 26, 4, 3
# Never, then by bits: often 1, lately 2, much 4.
RFM = tuple(
    ["no orders"]
    + [
        f"{'much' if code & 4 else 'little'}, {'lately' if code & 2 else 'long ago'}, {'often' if code & 1 else 'seldom'}"
        for code in range(8)
    ]
)
OCCASIONS = ("", "; trigger fired")
STATES = tuple(f"{state}; {worth}{occasion}" for state in LABELS for worth in RFM for occasion in OCCASIONS)


@dataclass(frozen=True)
class Rule:
    """How it is learned.

    Attributes:
        weeks: weeks back that are looked at.
        margin: share of revenue that is margin.
        cost: of a message.
        discount: what a margin of next week is worth now.
        least: decisions of a state and action below which it is not chosen.
        sure: how likely it must be worth more than nothing.
        horizon: weeks over which policies are compared.
    """

    weeks: int = 26
    margin: float = 0.3
    cost: float = 0.01
    discount: float = 0.95
    least: int = 30
    sure: float = 0.9
    horizon: int = 4
    seed: int = 7


@dataclass(frozen=True)
class Advice:
    """What was learned.

    Attributes:
        now: (shoppers,) index into :data:`STATES`, now; -1 of those of whom nothing is known.
        policy: (states,) index into the actions: what is best, or nothing where that is not sure.
        gain: (states,) worth of it above nothing, discounted.
        sure: (states,) how likely it is above nothing.
        judged: what it would have brought within the horizon, and what was brought (:mod:`recommender.statistics.off_policy`).
        weight: trajectories that the judgement rests on, effectively.
    """

    rule: Rule
    shopper_ids: list[str]
    now: Numbers
    process: Process
    solution: Solution
    policy: Numbers
    gain: NDArray[np.float64]
    sure: NDArray[np.float64]
    judged: Mapping[str, Estimate]
    weight: float

    @property
    def shoppers(self) -> Numbers:
        """(states,) how many shoppers are in each now."""
        return np.bincount(self.now[self.now >= 0], minlength=len(STATES))


@dataclass(frozen=True)
class _Grid:
    """Shoppers by weeks.

    Attributes:
        state: (shoppers, weeks + 1) state as each week began, the last one now; -1 before a shopper was known.
        action, reward: (shoppers, weeks) what was done, and what it brought.
        reached: (shoppers,) who is sent messages.
    """

    state: Numbers
    action: Numbers
    reward: NDArray[np.float64]
    reached: NDArray[np.bool_]

    def of(self, shoppers: NDArray[np.bool_]) -> Decisions:
        """The decisions of some shoppers, one after the other; a week is followed by the next of the same shopper."""
        known = self.state[shoppers, :-1] >= 0
        lengths = known.sum(axis=1)
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        chosen = (self.state[shoppers, :-1], self.action[shoppers], self.reward[shoppers])
        return Decisions(start, chosen[0][known], chosen[1][known], chosen[2][known])


def advise(
    dataset: Dataset,
    *,
    model: StateModel | None = None,
    without: Sequence[str] = (),
    named: Mapping[str, str] | None = None,
    rule: Rule | None = None,
) -> Advice:
    """Learn what is best in which state, and judge it.

    Args:
        model: states of shoppers as a training found them; None learns them.
        without: shoppers whose history must not be used.
        named: slug of a campaign to what its messages do.

    Raises:
        NotEnoughData: too few shoppers did anything.
        ValueError: a number of the rule is out of its range.
    """
    rule = rule or Rule()
    if rule.horizon < 1 or rule.weeks < 2 * rule.horizon or not 0 <= rule.sure <= 1:
        raise ValueError("weeks must be two horizons or more, a horizon a week or more, sure between 0 and 1")
    grid, ids = _grid(dataset, model, set(without), named, rule)
    process, solution, policy, sure = _learn(grid.of(grid.reached), rule)
    half = np.array([bucket_of(f"next action {rule.seed}", name) % 2 == 0 for name in ids], np.bool_)
    judged, weight = _judge(grid, half, rule)
    states = np.arange(len(STATES))
    gain = solution.worth[states, policy] - solution.worth[:, IDLE]
    return Advice(rule, ids, grid.state[:, -1], process, solution, policy, gain, sure, judged, weight)


def _learn(log: Decisions, rule: Rule) -> tuple[Process, Solution, Numbers, NDArray[np.float64]]:
    process = estimate(log, len(STATES), len(NAMES), idle=IDLE, least=rule.least)
    solution = solve(process.moves, process.rewards, process.allowed, rule.discount)
    sure = surety(process, solution, rule.discount, IDLE, seed=rule.seed)
    return process, solution, np.where(sure >= rule.sure, solution.policy, IDLE), sure


def _grid(
    dataset: Dataset, model: StateModel | None, without: set[str], named: Mapping[str, str] | None, rule: Rule
) -> tuple[_Grid, list[str]]:
    weeks = weeks_of(dataset)
    rows = [row for row, name in enumerate(dataset.shopper_ids) if name not in without and weeks.lengths[row]]
    # By name, not in the order in which a dataset happens to come upon them: the same shoppers are told the same.
    kept = np.array(sorted(rows, key=dataset.shopper_ids.__getitem__), np.int64)
    ids = [dataset.shopper_ids[row] for row in kept.tolist()]
    weeks = pick(weeks, kept)
    model = model or fit(weeks, seed=rule.seed)
    hidden = model.filter(weeks).argmax(axis=1)
    span = rule.weeks + RFM_WEEKS
    margin, orders, spent = margins_by_week(ids, weeks.until_ms, span, rule.margin)
    worth = rfm(orders, spent, rule.weeks)
    # What is known as a week begins is the state of the week before; whoever had none was not known.
    state = np.full((len(ids), rule.weeks + 1), -1, np.int64)
    for shopper, length in enumerate(weeks.lengths.tolist()):
        seen = min(length, rule.weeks + 1)
        state[shopper, -seen:] = hidden[weeks.start[shopper + 1] - seen : weeks.start[shopper + 1]]
    done = actions_by_week(ids, weeks.until_ms, rule.weeks, named)
    fired = np.concatenate([done.occasion, np.zeros((len(ids), 1), np.bool_)], axis=1)
    state = np.where(state >= 0, (state * len(RFM) + worth) * len(OCCASIONS) + fired, -1)
    reward = margin[:, -rule.weeks :] - rule.cost * (done.action != IDLE)
    return _Grid(state, done.action, reward, done.reached), ids


def rfm(orders: Numbers, spent: NDArray[np.float64], weeks: int) -> Numbers:
    """(shoppers, weeks + 1) index into :data:`RFM` as each of the last ``weeks`` began, and now; by the half year before.

    Args:
        orders, spent: (shoppers, weeks + :data:`RFM_WEEKS`). Much is above the median of those who spent in that time.
    """
    found = np.zeros((len(orders), weeks + 1), np.int64)
    for column in range(weeks + 1):
        window = slice(column, column + RFM_WEEKS)
        times, sums = orders[:, window].sum(axis=1), spent[:, window].sum(axis=1)
        lately = orders[:, window][:, -LATELY:].any(axis=1)
        middle = np.median(sums[times > 0]) if (times > 0).any() else 0.0
        code = (times >= OFTEN) * 1 + lately * 2 + (sums > middle) * 4
        found[:, column] = np.where(times > 0, 1 + code, 0)
    return found


def _judge(grid: _Grid, half: NDArray[np.bool_], rule: Rule) -> tuple[dict[str, Estimate], float]:
    """What the policy of one half would have brought the other, in runs of ``horizon`` weeks that end now."""
    others = ~half & grid.reached
    known = others & (grid.state[:, -1 - rule.horizon : -1] >= 0).all(axis=1)
    if not known.any() or not (half & grid.reached).any():
        return {}, 0.0
    process, _, policy, _ = _learn(grid.of(half & grid.reached), rule)
    state, action = grid.state[known, -1 - rule.horizon : -1], grid.action[known, -rule.horizon :]
    reward = grid.reward[known, -rule.horizon :]
    # How often each action was taken in each state, among those who are judged; shrunk, so that nothing is certain.
    often = estimate(grid.of(others), len(STATES), len(NAMES), idle=IDLE).counts + 0.5
    taken = (often / often.sum(axis=1, keepdims=True))[state, action]
    worth, values = worth_by_step(process.moves, process.rewards, policy, rule.discount, rule.horizon)
    steps = np.arange(rule.horizon)
    log = Logged(
        reward,
        (policy[state] == action) / taken,
        worth[steps, state, action],
        values[steps, state],
        rule.discount,
    )
    return estimates(log, seed=rule.seed), effective(log)
