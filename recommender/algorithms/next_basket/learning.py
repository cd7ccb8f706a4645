"""The trees: which candidates were bought within the horizon of past moments, by parts that knew only what was before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import structlog
from numpy.typing import NDArray

from recommender.algorithms.habit_tuning import gain_of
from recommender.algorithms.habits import Habits
from recommender.algorithms.kernels import borrowed, kernel
from recommender.algorithms.next_basket.describing import MOST, WIDTH, Work, describe, work_for
from recommender.algorithms.next_basket.facts import Facts, build_facts
from recommender.algorithms.ranked.trees import Trees, flatten, walk
from recommender.algorithms.tifu_knn import TIFUKNN
from recommender.asking import Rows
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.products import Products
from recommender.dataset.purchases import Purchases

Floats = NDArray[np.float32]
log = structlog.get_logger(__name__)

LEAST_GROUPS = 200
LEAST_GAIN = 1e-3
# Trees that only tell whether trees help: half as many at twice the rate, a little less good in half the time.
HASTE = 2
# Pointwise alone: of groups of hundreds of rows a pairwise model costs several times as much.
MODEL: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 200,
    "lambda_l2": 10.0,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction": 0.5,
    "max_bin": 63,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "use_missing": False,
}


class Parts(NamedTuple):
    """What a question is answered from, but for the trees."""

    habits: Habits
    facts: Facts


@dataclass(frozen=True)
class Moment:
    """What was known at a moment, and what was bought after it within the horizon.

    Attributes:
        now: (shoppers,) int64, ms: when each is asked.
    """

    earlier: Purchases
    later: Purchases
    now: NDArray[np.int64]


class Limits(NamedTuple):
    """How questions are asked: only for products new to the shopper, with so many neighbours, of so many shoppers."""

    new_only: bool
    neighbours: int
    most: int
    seed: int


class Groups(NamedTuple):
    """Rows to learn from, grouped by question."""

    features: Floats
    hit: NDArray[np.int8]
    size: Rows


def moments(purchases: Purchases, horizon_days: float, most: int) -> Iterator[Moment]:
    """The latest first, a horizon apart; of horizon 0 each shopper's last basket, the one before, and so on."""
    if horizon_days <= 0:
        step = purchases.steps_from_end()
        for back in range(most):
            later = purchases.take(step == back)
            now = np.zeros(purchases.shoppers, np.int64)
            np.maximum.at(now, later.shopper, later.at)
            yield Moment(purchases.take(step > back), later, now)
        return
    end, span = int(purchases.at.max(initial=0)) + 1, round(horizon_days * DAY_MS)
    for back in range(most):
        low, high = end - (back + 1) * span, end - back * span
        now = np.full(purchases.shoppers, low, np.int64)
        known = purchases.at < low
        yield Moment(purchases.take(known), purchases.take(~known & (purchases.at < high)), now)


def learn_parts(purchases: Purchases, products: Products, until_ms: int, tifu: TIFUKNN) -> Parts:
    """Habits of everybody and facts of products."""
    tifu.learn(purchases, len(products))
    parts = Parts(tifu.habits, build_facts(purchases, products, until_ms))
    # As they will be in a learned model: of arrays that may be written to the kernels would be compiled a second time.
    for array in (*parts.habits, *parts.facts):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return parts


@kernel
def _fill(
    asked: Rows,
    moment: tuple[Any, ...],
    new_only: bool,
    neighbours: int,
    parts: Parts,
    work: Work,
    to: Groups,
) -> tuple[int, int]:
    """Fill ``to`` with all candidates, as all are ranked; returns rows and groups. Questions without a hit teach nothing."""
    moment, parts, work, to = borrowed(moment), borrowed(parts), borrowed(work), borrowed(to)
    start, product, at, later_start, later, now = moment
    none = np.zeros(0, np.int32)
    rows, groups = 0, 0
    for shopper in asked:
        own = slice(start[shopper], start[shopper + 1])
        wanted = later[later_start[shopper] : later_start[shopper + 1]]
        count = describe(
            product[own], at[own], now[shopper], none, new_only, neighbours, parts.habits, parts.facts, work
        )
        hits = 0
        for place in range(count):
            hit = False
            for item in wanted:
                hit |= item == work.found[place]
            to.features[rows + place], to.hit[rows + place] = work.features[place], hit
            hits += hit
        if hits > 0:
            to.size[groups] = count
            groups += 1
            rows += count
    return rows, groups


def _arrays(moment: Moment) -> tuple[Any, ...]:
    earlier, later = moment.earlier, moment.later
    return earlier.start, earlier.product, earlier.at, later.start, later.product, moment.now


def asked_of(moment: Moment, most: int, seed: int) -> Rows:
    """Shoppers who bought on both sides, at most ``most``."""
    both = np.flatnonzero((np.diff(moment.earlier.start) > 0) & (np.diff(moment.later.start) > 0)).astype(np.int32)
    if len(both) > most:
        both = np.sort(np.random.default_rng(seed).choice(both, most, replace=False))
    return both


def groups_of(moment: Moment, parts: Parts, limits: Limits) -> Groups:
    """Rows of the questions of one moment."""
    asked = asked_of(moment, limits.most, limits.seed)
    work = work_for(len(parts.habits.square), len(parts.facts.seen), levels(parts.facts))
    room = Groups(
        np.empty((len(asked) * MOST, WIDTH), np.float32),
        np.empty(len(asked) * MOST, np.int8),
        np.empty(len(asked), np.int32),
    )
    rows, groups = _fill(asked, _arrays(moment), limits.new_only, limits.neighbours, parts, work, room)
    return Groups(room.features[:rows].copy(), room.hit[:rows].copy(), room.size[:groups])


def levels(facts: Facts) -> int:
    """Rows that categories and parents need."""
    return int(max(facts.category.max(initial=0), facts.parent.max(initial=0))) + 1


def fit_trees(groups: list[Groups], count: int, seed: int, *, haste: int = 1) -> Trees:
    """One pointwise model, flattened; with so many times fewer trees at so many times the rate."""
    import lightgbm

    params = {**MODEL, "seed": seed, "learning_rate": MODEL["learning_rate"] * haste}
    hit = np.concatenate([part.hit for part in groups]).astype(np.float32)
    # A list, so that nothing is copied to be one table.
    told = lightgbm.Dataset([part.features for part in groups], hit, params=params)
    return flatten((lightgbm.train(params, told, -(-count // haste)), np.arange(WIDTH)))


@kernel
def _judge(
    asked: Rows, moment: tuple[Any, ...], new_only: bool, neighbours: int, parts: Parts, trees: Trees, work: Work
) -> NDArray[np.float64]:
    """(2, questions) NDCG at 10 of the blend and of the trees."""
    moment, parts, trees, work = borrowed(moment), borrowed(parts), borrowed(trees), borrowed(work)
    start, product, at, later_start, later, now = moment
    none = np.zeros(0, np.int32)
    found = np.zeros((2, len(asked)))
    for question in range(len(asked)):
        shopper = asked[question]
        own = slice(start[shopper], start[shopper + 1])
        wanted = np.unique(later[later_start[shopper] : later_start[shopper + 1]])
        count = describe(
            product[own], at[own], now[shopper], none, new_only, neighbours, parts.habits, parts.facts, work
        )
        for way in range(2):
            if way == 1:
                walk(trees, work.features, count, work.score)
            order = np.argsort(-work.score[:count], kind="mergesort")[:10]
            found[way, question] = gain_of(work.found[order], wanted)
    return found


def check(moment: Moment, parts: Parts, trees: Trees, limits: Limits) -> NDArray[np.float64]:
    """Mean NDCG at 10 of blend and trees."""
    asked = asked_of(moment, limits.most, limits.seed)
    work = work_for(len(parts.habits.square), len(parts.facts.seen), levels(parts.facts))
    found = _judge(asked, _arrays(moment), limits.new_only, limits.neighbours, parts, trees, work)
    return found.mean(axis=1) if len(asked) else np.zeros(2)


def without_own(moment: Moment) -> Moment:
    """The same, where only products new to the shopper are wanted."""
    import pandas as pd

    width = int(max(moment.earlier.product.max(initial=0), moment.later.product.max(initial=0))) + 1
    owned = moment.earlier.shopper.astype(np.int64) * width + moment.earlier.product
    wanted = moment.later.shopper.astype(np.int64) * width + moment.later.product
    return Moment(moment.earlier, moment.later.take(~pd.Series(wanted).isin(owned).to_numpy()), moment.now)


def available() -> bool:
    """Whether LightGBM can be imported."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError) as error:
        log.warning("next_basket_without_trees", reason=str(error), hint="on Debian: apt-get install libgomp1")
        return False
    return True
