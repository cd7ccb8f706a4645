"""A Markov decision process is solved as a linear program solves it, doubts what it hardly saw, and is judged fairly from logs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.statistics.decision_process import (
    Decisions,
    estimate,
    solve,
    surety,
    worth_by_step,
)
from recommender.statistics.off_policy import Logged, effective, estimates

# Howard's toymaker (Dynamic Programming and Markov Processes, 1960): successful or not; nothing, or advertising and research.
MOVES = np.array([[[0.5, 0.5], [0.8, 0.2]], [[0.4, 0.6], [0.7, 0.3]]])
REWARDS = np.array([[0.5 * 9 + 0.5 * 3, 0.8 * 4 + 0.2 * 4], [0.4 * 3 - 0.6 * 7, 0.7 * 1 - 0.3 * 19]])
ALL = np.ones((2, 2), np.bool_)


def program(moves, rewards, allowed, discount: float) -> np.ndarray:
    """The same by linear programming: the least values that no action exceeds (Puterman, 6.9)."""
    from scipy.optimize import linprog

    rows, most = [], []
    for state, action in np.argwhere(allowed):
        rows.append(discount * moves[state, action] - np.eye(len(rewards))[state])
        most.append(-rewards[state, action])
    return linprog(np.ones(len(rewards)), A_ub=np.array(rows), b_ub=most, bounds=(None, None)).x


def test_the_toymaker_advertises_and_does_research() -> None:
    found = solve(MOVES, REWARDS, ALL, 0.9)
    assert found.policy.tolist() == [1, 1]
    # Howard's values: 22.2 and 12.3.
    assert found.values == pytest.approx([22.2, 12.3], abs=0.05)
    assert found.values == pytest.approx(program(MOVES, REWARDS, ALL, 0.9), abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), discount=st.sampled_from([0.0, 0.5, 0.9]))
def test_any_process_is_solved_as_a_linear_program_solves_it(seed: int, discount: float) -> None:
    rng = np.random.default_rng(seed)
    states, actions = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    moves = rng.dirichlet(np.ones(states), (states, actions))
    rewards = rng.normal(size=(states, actions))
    allowed = rng.random((states, actions)) < 0.7
    allowed[:, 0] = True
    found = solve(moves, rewards, allowed, discount)
    assert found.values == pytest.approx(program(moves, rewards, allowed, discount), abs=1e-6)
    assert allowed[np.arange(states), found.policy].all()


def test_what_cannot_be_solved_is_refused() -> None:
    with pytest.raises(ValueError, match="discount"):
        solve(MOVES, REWARDS, ALL, 1.0)
    with pytest.raises(ValueError, match="no action"):
        solve(MOVES, REWARDS, ALL & (np.arange(2) > 0)[:, None], 0.9)


def walk(shoppers: int, weeks: int, taken: np.ndarray, seed: int = 0) -> tuple[Decisions, np.ndarray]:
    """Decisions of toymakers: ``taken`` (states, actions) is how often each action is taken; and (shoppers, weeks) states."""
    rng = np.random.default_rng(seed)
    state = np.zeros((shoppers, weeks), np.int64)
    action = np.zeros_like(state)
    state[:, 0] = rng.random(shoppers) < 0.5
    for week in range(weeks):
        action[:, week] = rng.random(shoppers) < taken[state[:, week], 1]
        if week + 1 < weeks:
            state[:, week + 1] = rng.random(shoppers) < MOVES[state[:, week], action[:, week], 1]
    reward = REWARDS[state, action] + rng.normal(0, 2.0, state.shape)
    start = np.arange(shoppers + 1) * weeks
    return Decisions(start, state.ravel(), action.ravel(), reward.ravel()), state


OFTEN = np.array([[0.7, 0.3], [0.6, 0.4]])


def test_what_was_done_often_is_estimated_and_leads_to_the_right_policy() -> None:
    log, _ = walk(2_000, 8, OFTEN)
    process = estimate(log, 2, 2)
    assert process.counts.sum() == len(log.state)
    assert process.moves == pytest.approx(MOVES, abs=0.03)
    assert process.rewards == pytest.approx(REWARDS, abs=0.15)
    found = solve(process.moves, process.rewards, process.allowed, 0.9)
    assert found.policy.tolist() == [1, 1]
    assert (surety(process, found, 0.9) > 0.95).all()


def test_one_shopper_s_last_week_is_not_followed_by_another_s_first() -> None:
    log = Decisions(np.array([0, 2, 2, 3]), np.array([0, 1, 1]), np.array([0, 0, 1]), np.zeros(3))
    assert log.followed.tolist() == [0]
    moved = estimate(log, 2, 2, strength=1e-9).moves
    assert moved[0, 0] == pytest.approx([0, 1], abs=1e-6)


def test_what_was_hardly_tried_is_not_chosen_and_what_is_unsure_is_said_to_be() -> None:
    # Action 1 brought a fortune, five times; without a floor it would be taken at once.
    state = np.zeros(105, np.int64)
    action = (np.arange(105) >= 100).astype(np.int64)
    reward = np.where(action == 1, 50.0, 1.0)
    log = Decisions(np.arange(106), state, action, reward)
    few = estimate(log, 1, 2, least=30)
    assert solve(few.moves, few.rewards, few.allowed, 0.9).policy.tolist() == [0]
    free = estimate(log, 1, 2, least=1)
    bold = solve(free.moves, free.rewards, free.allowed, 0.9)
    assert bold.policy.tolist() == [1]
    # Shrunk to the state's mean, which lies far below what five weeks brought.
    assert 1.0 < free.rewards[0, 1] < 25.0
    noise = np.random.default_rng(1).normal(0, 30, 105)
    vague = estimate(Decisions(log.start, state, action, 1.0 + 0.1 * action + noise), 1, 2, least=1)
    solved = solve(vague.moves, vague.rewards, vague.allowed, 0.9)
    assert solved.policy.tolist() == [0] or surety(vague, solved, 0.9)[0] < 0.95


def logged(shoppers: int, seed: int, policy: np.ndarray, *, wrong: float = 0.0) -> Logged:
    """Toymakers who did as OFTEN, to be asked what ``policy`` would have brought in four weeks; ``wrong``: of the model."""
    log, state = walk(shoppers, 4, OFTEN, seed)
    action, reward = log.action.reshape(state.shape), log.reward.reshape(state.shape)
    worth, values = worth_by_step(MOVES, REWARDS + wrong, policy, 0.9, 4)
    steps = np.arange(4)
    ratio = (policy[state] == action) / OFTEN[state, action]
    return Logged(reward, ratio, worth[steps, state, action], values[steps, state], 0.9)


@pytest.mark.parametrize("wrong", [0.0, 5.0])
def test_a_policy_is_judged_by_what_another_did(wrong) -> None:
    policy = np.array([1, 1])
    true = worth_by_step(MOVES, REWARDS, policy, 0.9, 4)[1][0].mean()
    found = estimates(logged(4_000, 3, policy, wrong=wrong))
    for name in ("ips", "snips", "dr"):
        assert found[name].low < true < found[name].high, name
    plain = found["dr"].high - found["dr"].low
    # A model that is right narrows it; one that is wrong makes nothing false.
    assert wrong or plain < 0.6 * (found["ips"].high - found["ips"].low)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    policy = np.array([0, 1])
    true = worth_by_step(MOVES, REWARDS, policy, 0.9, 4)[1][0].mean()
    found = [estimates(logged(400, seed, policy), draws=200)["dr"] for seed in range(60)]
    held = sum(each.low < true < each.high for each in found)
    # 57 of 60 expected; under 51 by chance one time in 500.
    assert held >= 51


def test_doing_as_was_done_is_worth_what_was_brought() -> None:
    log, state = walk(200, 4, OFTEN)
    reward = log.reward.reshape(state.shape)
    nothing = np.zeros_like(reward)
    found = estimates(Logged(reward, np.ones_like(reward), nothing, nothing, 0.9))
    for name in ("ips", "snips", "dr"):
        assert found[name].value == pytest.approx(found["logged"].value)
    assert effective(Logged(reward, np.ones_like(reward), nothing, nothing)) == 200
    assert effective(Logged(reward, np.zeros_like(reward), nothing, nothing)) == 0
