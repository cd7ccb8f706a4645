"""A hidden Markov model finds the states that shoppers were made from, says which is which, and knows what it may know."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.dataset import Kind, NotEnoughData, Products, arrays
from recommender.dataset.interactions import DAY_MS, build
from recommender.profiles.states import (
    LABELS,
    WEEK_MS,
    ShopperStates,
    StateModel,
    Weeks,
    fit,
    label,
    learn_states,
    likeliest,
    weeks_of,
)

TRUE = StateModel(
    np.array([0.5, 0.3, 0.15, 0.05]),
    np.array([[0.6, 0.2, 0.1, 0.1], [0.2, 0.5, 0.25, 0.05], [0.4, 0.1, 0.3, 0.2], [0.05, 0.03, 0.02, 0.9]]),
    np.array([[4.0, 0.3, 0.1, 0.05], [9.0, 5.0, 2.0, 0.1], [5.0, 1.0, 3.0, 1.5], [0.1, 0.02, 0.02, 0.02]]),
)


def drawn(shoppers: int = 200, weeks: int = 30, seed: int = 1) -> tuple[Weeks, np.ndarray]:
    """Weeks drawn from :data:`TRUE`, and the states they were drawn from."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(weeks // 2, weeks + 1, shoppers)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    state = np.zeros(start[-1], np.int64)
    for low, high in pairwise(start.tolist()):
        state[low] = rng.choice(4, p=TRUE.first)
        for row in range(low + 1, high):
            state[row] = rng.choice(4, p=TRUE.moves[state[row - 1]])
    return Weeks(start, rng.poisson(TRUE.means[state]).astype(np.int32), 0), state


def test_the_states_that_weeks_were_drawn_from_are_found() -> None:
    weeks, state = drawn()
    model = fit(weeks)
    assert model.means == pytest.approx(TRUE.means, abs=0.35)
    assert model.moves == pytest.approx(TRUE.moves, abs=0.08)
    # As often right as with the true parameters, but for a hundredth.
    right = (model.filter(weeks).argmax(axis=1) == state).mean()
    assert right > (TRUE.filter(weeks).argmax(axis=1) == state).mean() - 0.01


def test_the_same_weeks_teach_the_same() -> None:
    weeks, _ = drawn(shoppers=40, weeks=12)
    one, other = fit(weeks, seed=3), fit(weeks, seed=3)
    assert (one.moves == other.moves).all()
    assert (one.means == other.means).all()


def test_the_last_week_is_what_hmmlearn_says_of_it_too() -> None:
    from hmmlearn.hmm import PoissonHMM

    weeks, _ = drawn(shoppers=12, weeks=10)
    theirs = PoissonHMM(4)
    theirs.startprob_, theirs.transmat_, theirs.lambdas_ = TRUE.first, TRUE.moves, TRUE.means
    for shopper, found in enumerate(TRUE.latest(weeks)):
        rows = weeks.counts[weeks.start[shopper] : weeks.start[shopper + 1]]
        # At the end of a history smoothing has nothing more to look at than filtering.
        assert found == pytest.approx(theirs.predict_proba(rows)[-1], abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(order=st.permutations(range(4)))
def test_a_state_is_named_by_what_is_done_in_it_however_they_are_numbered(order) -> None:
    assert [order[place] for place in label(TRUE.means[list(order)])] == [0, 1, 2, 3]


def test_a_week_later_is_not_known_a_week_before() -> None:
    weeks, _ = drawn(shoppers=6, weeks=10)
    whole = TRUE.filter(weeks)
    changed = weeks.counts.copy()
    changed[weeks.start[1:] - 1] = 20
    again = TRUE.filter(weeks._replace(counts=changed))
    last = np.zeros(len(whole), np.bool_)
    last[weeks.start[1:] - 1] = True
    assert (again[~last] == whole[~last]).all()
    assert (again[last] != whole[last]).any()


def shop(rows: list[tuple[int, int, Kind, int]], shoppers: int):
    """A dataset of (shopper, product, kind, ms); products 0 and 1 are of one category."""
    products = Products.of(["a", "b", "c"], categories=["wine", "wine", "bread"])
    shopper, product, kind, at = np.array(rows, np.int64).reshape(-1, 4).T
    ids = [f"s{number}" for number in range(shoppers)]
    return build(
        products,
        actor=shopper,
        shopper=shopper.astype(np.int32),
        product=product.astype(np.int32),
        kind=kind.astype(np.int8),
        at=at,
        shopper_ids=ids,
    )


def test_a_week_counts_looks_returns_wishes_and_orders_and_quiet_ones_are_there() -> None:
    week, now = WEEK_MS, 100 * DAY_MS
    rows = [
        (0, 0, Kind.VIEW, now - 2 * week - 1),
        (0, 0, Kind.VIEW, now),
        (0, 1, Kind.VIEW, now),
        (0, 2, Kind.CLICK, now - 1),
        (0, 1, Kind.ADD, now),
        # Two products at one moment are one order.
        (0, 1, Kind.PURCHASE, now - 2),
        (0, 2, Kind.PURCHASE, now - 2),
        (2, 2, Kind.VIEW, now - 5 * DAY_MS),
    ]
    weeks = weeks_of(shop(rows, 3))
    assert weeks.lengths.tolist() == [3, 0, 1]
    assert weeks.counts.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0], [3, 1, 1, 1], [1, 0, 0, 0]]


def test_nobody_and_one_act_are_answered() -> None:
    with pytest.raises(NotEnoughData, match="0 known shoppers"):
        learn_states(shop([], 3))
    rows = [(shopper, shopper % 3, Kind.VIEW, DAY_MS * (shopper + 1)) for shopper in range(12)]
    states = learn_states(shop(rows, 14))
    assert states.probability.sum(axis=1) == pytest.approx(np.ones(12))
    # Whoever did nothing has no state; whoever looked a moment ago is about.
    assert likeliest(states.of("s13")) == ("", 0.0)
    assert states.of("s11")[LABELS.index("lapsing")] < 0.5


def test_a_single_quiet_week_after_years_of_orders_is_no_error() -> None:
    rows = [
        (shopper, 0, Kind.PURCHASE, DAY_MS * 7 * week + shopper) for shopper in range(12) for week in range(1, 9)
    ] + [(0, 0, Kind.VIEW, DAY_MS * 7 * 30)]
    states = learn_states(shop(rows, 12))
    assert likeliest(states.of("s5"))[0] == "lapsing"
    assert np.isfinite(states.model.means).all()
    assert (states.model.means > 0).all()


def test_where_everybody_orders_every_week_everybody_is_buying() -> None:
    rows = [(shopper, 0, Kind.PURCHASE, DAY_MS * 7 * week + shopper) for shopper in range(12) for week in range(1, 5)]
    states = learn_states(shop(rows, 12))
    assert {likeliest(states.of(f"s{shopper}"))[0] for shopper in range(12)} == {"buying"}


def test_states_are_kept_with_the_model_and_the_unwilling_have_none(tmp_path: Path) -> None:
    rows = [(shopper, 0, Kind.VIEW, DAY_MS * (shopper + 1)) for shopper in range(12)]
    named = replace(shop(rows, 12), shopper_ids=[f"顾客{number}" for number in range(12)])
    states = learn_states(named, without=["顾客3"])
    arrays.write(tmp_path / "states", states.columns(), {})
    again = ShopperStates.of_columns(arrays.read(tmp_path / "states")[0])
    assert again.of("顾客4").tolist() == states.of("顾客4").tolist()
    assert len(again.of("顾客4"))
    assert not len(again.of("顾客3"))
    assert sum(again.shares.values()) == pytest.approx(1.0)
