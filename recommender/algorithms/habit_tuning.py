"""Coordinate search for the values of TIFU-kNN, on what was bought last in the training part.

What counts is NDCG at 10 over all products plus that over those new to the shopper alone, or the second would be decided by
chance: most of what is bought is bought again. The share of own habits costs nothing to try: it is tried with each other value.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import structlog
from numpy.typing import NDArray

from recommender.algorithms.habits import Habits, Room, enliven, room, score_habits, tidy
from recommender.algorithms.kernels import borrowed, inner, kernel
from recommender.algorithms.tifu_knn import TIFUKNN
from recommender.asking import Rows
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.purchases import Purchases

QUESTIONS = 500
# Fewer, and a value would be chosen by chance: those given stand.
LEAST_QUESTIONS = 200
LEAST_GAIN = 2e-4
ROUNDS = 2
OWN = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
# What most often helps comes first.
GRID: dict[str, tuple[float, ...]] = {
    "late": (0.0, 0.3, 0.5, 0.7),
    "neighbours": (60, 100, 200, 600),
    "within": (0.8, 0.95, 0.98, 1.0),
    "between": (0.5, 0.6, 0.8, 0.9, 1.0),
    "group": (3, 5, 10, 15, 25),
}

log = structlog.get_logger(__name__)


class Asked(NamedTuple):
    """What was known of all, and what some of them bought then.

    Attributes:
        shoppers: (questions,) whom is asked.
    """

    earlier: Purchases
    later: Purchases
    shoppers: Rows


def asked_of(purchases: Purchases, horizon_days: float, seed: int) -> Asked:
    """Everything up to the horizon before the last purchase, or of horizon 0 all but everybody's last basket."""
    if horizon_days > 0:
        known = purchases.at < int(purchases.at.max(initial=0)) + 1 - round(horizon_days * DAY_MS)
    else:
        known = purchases.steps_from_end() > 0
    earlier, later = purchases.take(known), purchases.take(~known)
    both = np.flatnonzero((np.diff(earlier.start) > 0) & (np.diff(later.start) > 0)).astype(np.int32)
    if len(both) > QUESTIONS:
        both = np.sort(np.random.default_rng(seed).choice(both, QUESTIONS, replace=False))
    return Asked(earlier, later, both)


@inner
def _best(share: float, new: bool, mine: int, count: int, work: Room, best: Rows) -> int:
    """Fill ``best`` with the products of the highest scores, the first met of equal ones; returns how many.

    Without one's own if ``new``.
    """
    scores, held = np.empty(len(best), np.float32), 0
    for at in range(mine if new else 0, mine + count):
        item = work.mine[at] if at < mine else work.found[at - mine]
        if at >= mine and work.own[item] > 0:
            continue
        score = np.float32(share * work.own[item] + (1.0 - share) * work.score[item])
        if held == len(best) and score <= scores[held - 1]:
            continue
        place = min(held, len(best) - 1)
        while place > 0 and scores[place - 1] < score:
            scores[place], best[place] = scores[place - 1], best[place - 1]
            place -= 1
        scores[place], best[place] = score, item
        held = min(held + 1, len(best))
    return held


@inner
def gain_of(best: Rows, wanted: Rows) -> float:
    """NDCG at 10 of at most ten products; ``wanted`` are distinct."""
    gain, ideal = 0.0, 0.0
    for place in range(len(best)):
        for item in wanted:
            if item == best[place]:
                gain += 1 / np.log2(place + 2.0)
                break
    for place in range(min(10, len(wanted))):
        ideal += 1 / np.log2(place + 2.0)
    return gain / ideal if ideal > 0 else 0.0


@inner
def _unseen(wanted: Rows, work: Room) -> Rows:
    """Of what was bought what is new to the shopper."""
    kept, count = np.empty(len(wanted), np.int32), 0
    for item in wanted:
        if work.own[item] == 0.0:
            kept[count] = item
            count += 1
    return kept[:count]


@kernel
def _judge(
    shoppers: Rows,
    start: NDArray[np.int64],
    product: Rows,
    at: NDArray[np.int64],
    later_start: NDArray[np.int64],
    later: Rows,
    habits: Habits,
    neighbours: int,
    lately: NDArray[np.float32],
    late: float,
    shares: NDArray[np.float64],
    work: Room,
) -> NDArray[np.float64]:
    """(shares,) mean NDCG at 10 with each share of own habits, plus that among products new to the shopper alone."""
    habits, work = borrowed(habits), borrowed(work)
    total, best = np.zeros(len(shares)), np.empty(10, np.int32)
    for shopper in shoppers:
        rows = slice(start[shopper], start[shopper + 1])
        mine, count = score_habits(product[rows], at[rows], habits, neighbours, work)
        if late > 0:
            enliven(mine, count, lately, late, work)
        wanted = np.unique(later[later_start[shopper] : later_start[shopper + 1]])
        for place in range(len(shares)):
            held = _best(shares[place], False, mine, count, work, best)
            total[place] += gain_of(best[:held], wanted)
        unseen = _unseen(wanted, work)
        held = _best(0.0, True, mine, count, work, best)
        total += gain_of(best[:held], unseen)
        tidy(mine, count, work)
    return total / max(len(shoppers), 1)


def judge(model: TIFUKNN, asked: Asked, products: int) -> NDArray[np.float64]:
    """(shares,) the sum of both mean NDCG at 10 of a model that learns from the earlier purchases, for each of ``OWN``."""
    model.learn(asked.earlier, products)
    earlier, later = asked.earlier, asked.later
    known = earlier.start, earlier.product, earlier.at
    wanted = later.start, later.product
    work = room(len(model.square_), products)
    habits, neighbours = model.habits, int(model.rule["neighbours"])
    return _judge(asked.shoppers, *known, *wanted, habits, neighbours, model.lately_, model.rule["late"], OWN, work)


def search(model: TIFUKNN, purchases: Purchases, products: int) -> dict[str, float]:
    """Values by name in the order of ``RULE``; the given ones where shoppers are too few to tell.

    Ends by itself when no value helps, or when ``model.tune_seconds`` of processor time are used; then the best so far stand.
    """
    asked = asked_of(purchases, model.horizon_days, model.seed)
    found = model.rule
    if len(asked.shoppers) < LEAST_QUESTIONS:
        return found
    until = time.process_time() + model.tune_seconds
    best = -1.0
    for values in _tried(found):
        if time.process_time() > until:
            break
        by_share = judge(model.with_rule(**values), asked, products)
        at = int(by_share.argmax())
        if by_share[at] > best + LEAST_GAIN:
            best = float(by_share[at])
            found.update(values)
            found["own"] = float(OWN[at])
            log.info("habits_tuned", both_ndcg=round(best, 5), **found)
    return found


def _tried(found: dict[str, float]) -> Iterator[dict[str, float]]:
    """Values to try, one after the other, beside what ``found`` holds by then."""
    yield dict(found)
    for _ in range(ROUNDS):
        before = dict(found)
        for name, grid in GRID.items():
            for value in grid:
                if value != found[name]:
                    yield {**found, name: type(found[name])(value)}
        if found == before:
            return
