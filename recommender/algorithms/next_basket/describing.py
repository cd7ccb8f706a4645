"""Candidates for a shopper's next purchases and what the trees are told of them, in one kernel.

Candidates are the shopper's own products (the most habitual), and of the others the best of shoppers with like habits, of what
goes together with the own ones, and of what is popular.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.habits import Habits, Room, room, score_habits, tidy
from recommender.algorithms.kernels import borrowed, inlined, inner, kernel
from recommender.algorithms.next_basket.facts import Facts
from recommender.algorithms.repeats import (
    DAY,
    F45,
    F150,
    FIRST,
    GAPS,
    LAST,
    LATE_DAYS,
    NEVER,
    OWN,
    TIMES,
    Own,
    forget_own,
    gap_columns,
    habit_of,
    own_columns,
    own_room,
    sum_up,
)
from recommender.asking import Rows

Floats = NDArray[np.float32]
Times = NDArray[np.int64]

FEATURES = (
    # One's own purchases of the product.
    *OWN,
    *("habit", "own_place"),
    # Shoppers with like habits, and what goes together.
    *("neighbours", "neighbours_of_best", "together", "together_of_best", "together_last"),
    # The product.
    *("seen", "late", "trend", "again", "gap", "since_over_gap", "first_seen", "last_seen"),
    # The shopper.
    *("baskets", "baskets_28", "baskets_91", "basket_size", "distinct", "basket_days", "repeats"),
    # The category.
    *("category_share", "category_days", "share_in_category", "popular_in_category", "parent_share", "category_gone"),
    # What changed lately: the pair, the product, the shopper.
    *GAPS,
    *("week", "firsts", "kept", "shopper_keeps", "shopper_tries"),
)
WIDTH = len(FEATURES)
OWN_MOST, OTHERS_EACH, MOST = 160, 60, 340


class Work(NamedTuple):
    """Working arrays of one thread; ``slot`` and ``together`` are zero between questions.

    Attributes:
        slot: (products,) row of ``found`` plus one.
        own: the shopper's own products, in the order of ``habits.mine``.
        together, told: scores of company, and the products that have one.
        found, features, score: (most,) of each candidate.
    """

    habits: Room
    slot: Rows
    own: Own
    together: Floats
    last: Floats
    told: Rows
    found: Rows
    features: Floats
    score: Floats
    by_category: Floats


_local = threading.local()


def work_for(shoppers: int, products: int, categories: int) -> Work:
    """Those of this thread, large enough."""
    held: Work | None = getattr(_local, "work", None)
    habits = room(shoppers, products)
    enough = held is not None and len(held.slot) >= products and len(held.by_category) >= categories
    if held is None or not enough or held.habits is not habits:
        products, categories = max(products, 1), max(categories, 1)
        held = _local.work = Work(
            habits,
            np.zeros(products, np.int32),
            own_room(products),
            np.zeros(products, np.float32),
            np.zeros(products, np.float32),
            np.empty(products, np.int32),
            np.empty(MOST, np.int32),
            np.empty((MOST, WIDTH), np.float32),
            np.empty(MOST, np.float32),
            np.zeros((categories, 4), np.float32),
        )
    return held


@inner
def _go_together(mine: int, last_ms: int, product: Rows, at: Times, acts: Rows, facts: Facts, work: Work) -> int:
    """Fill ``together`` (from own products, by fading count, and acts) and ``last`` (from the last basket alone)."""
    total, count = np.float32(1e-6), 0
    for place in range(mine):
        total += work.own.sums[place, F45]
    for place in range(mine + len(acts)):
        item = work.habits.mine[place] if place < mine else acts[place - mine]
        weight = work.own.sums[place, F45] / total if place < mine else np.float32(1.0)
        for column in range(facts.near.shape[1]):
            other = facts.near[item, column]
            if other < 0:
                break
            if work.together[other] == 0.0:
                work.told[count] = other
                count += 1
            work.together[other] += weight * facts.like[item, column] + np.float32(1e-12)
    for back in range(len(product)):
        row = len(product) - 1 - back
        if at[row] != last_ms:
            break
        for column in range(facts.near.shape[1]):
            other = facts.near[product[row], column]
            if other < 0:
                break
            if work.together[other] > 0.0:
                work.last[other] += facts.like[product[row], column]
    return count


@inner
def _best(values: Floats, items: Rows, most: int) -> Rows:
    """The ``most`` best of ``items`` (distinct); ties by product.

    Thousands are named and sixty wanted: only what is above the last of these is sorted.
    """
    most = min(most, len(items))
    above, equal, over, equals = np.empty(most, np.int32), np.empty(len(items), np.int32), 0, 0
    least = np.partition(values, len(values) - most)[len(values) - most] if most else np.float32(0.0)
    for at in range(len(items)):
        if values[at] > least:
            above[over] = at
            over += 1
        elif values[at] == least:
            equal[equals] = items[at]
            equals += 1
    found = np.empty(most, np.int32)
    by_product = above[:over][np.argsort(items[above[:over]])]
    order = np.argsort(-values[by_product], kind="mergesort")
    found[:over] = items[by_product[order]]
    found[over:] = np.sort(equal[:equals])[: most - over]
    return found


@inner
def _add(items: Rows, own: bool, count: int, most: int, work: Work) -> int:
    """Append candidates that are not there yet: own products only if ``own``, else others only; at most ``most`` of them."""
    added = 0
    for item in items:
        if added == most or count == len(work.found):
            break
        if work.slot[item] == 0 and (work.own.slot[item] > 0) == own:
            work.found[count] = item
            count += 1
            work.slot[item] = count
            added += 1
    return count


@inner
def _gather(mine: int, near: int, told: int, new_only: bool, facts: Facts, work: Work) -> int:
    """Fill ``found``: own products in the order of their fading counts, then the others."""
    count = 0
    if not new_only:
        own = work.habits.mine[:mine]
        values = np.empty(mine, np.float32)
        for place in range(mine):
            values[place] = habit_of(place, work.own)
        count = _add(_best(values, own, OWN_MOST), True, count, OWN_MOST, work)
    others = _outside(work.habits.found[:near], work)
    count = _add(_best(work.habits.score[others], others, OTHERS_EACH), False, count, OTHERS_EACH, work)
    others = _outside(work.told[:told], work)
    count = _add(_best(work.together[others], others, 2 * OTHERS_EACH), False, count, OTHERS_EACH, work)
    filled: int = _add(facts.popular, False, count, OTHERS_EACH, work)
    return filled


@inner
def _outside(items: Rows, work: Work) -> Rows:
    """Those that are not one's own."""
    kept, count = np.empty(len(items), np.int32), 0
    for item in items:
        if work.own.slot[item] == 0:
            kept[count] = item
            count += 1
    return kept[:count]


@inlined
def _own_columns(to: Floats, item: int, place: int, baskets: int, facts: Facts, work: Work) -> None:
    row = work.own.slot[item] - 1
    own_columns(to[0:12], row, baskets, work.own)
    gap_columns(to[40:42], row, work.own)
    to[12] = work.habits.own[item] if row >= 0 else 0.0
    to[13] = place if row >= 0 else NEVER
    to[24] = work.own.sums[row, LAST] / (facts.gap[item] + 1) if row >= 0 else NEVER


@inlined
def _product_columns(to: Floats, item: int, most: Floats, facts: Facts, work: Work) -> None:
    to[14] = work.habits.score[item]
    to[15] = work.habits.score[item] / most[0]
    to[16] = work.together[item]
    to[17] = work.together[item] / most[1]
    to[18] = work.last[item]
    to[19] = np.log1p(facts.seen[item])
    to[20] = np.log1p(facts.late[item])
    to[21] = np.log((facts.late[item] + 1) / (facts.later[item] / 3.25 + 1))
    to[22] = facts.again[item]
    to[23] = facts.gap[item]
    to[25] = facts.first[item]
    to[26] = facts.last[item]
    to[42] = np.log1p(facts.week[item])
    to[43] = np.log1p(facts.firsts[item])
    to[44] = facts.kept[item]


@inner
def _shopper(product: Rows, at: Times, now: int, mine: int, baskets: int) -> Floats:
    told = np.zeros(7, np.float32)
    for row in range(len(product)):
        if row == 0 or at[row] != at[row - 1]:
            days = (now - at[row]) / DAY
            told[1] += days <= 28
            told[2] += days <= 91
    told[0] = baskets
    told[3] = len(product) / max(baskets, 1)
    told[4] = mine
    told[5] = (now - at[-1]) / DAY if len(at) else NEVER
    told[6] = (len(product) - mine) / max(len(product), 1)
    return told


@inner
def _changes(mine: int, work: Work) -> tuple[float, float]:
    """Of the own products of before the last 28 days the share bought again since, and of those bought since the share of new."""
    before, kept, late, new = 1.0, 0.0, 1.0, 0.0
    for place in range(mine):
        known, lately = work.own.sums[place, FIRST] >= LATE_DAYS, work.own.sums[place, LAST] < LATE_DAYS
        before += known
        kept += known and lately
        late += lately
        new += not known
    return kept / before, new / late


@inner
def _in_categories(mine: int, facts: Facts, work: Work) -> float:
    """Fill ``by_category``: fading count, least days since, all times; and the parent's fading count in column 3."""
    total = 1e-6
    for place in range(mine):
        category = facts.category[work.habits.mine[place]]
        work.by_category[category, 1] = NEVER
    for place in range(mine):
        item, sums = work.habits.mine[place], work.own.sums[place]
        category = facts.category[item]
        work.by_category[category, 0] += sums[F150]
        work.by_category[category, 1] = min(work.by_category[category, 1], sums[LAST])
        work.by_category[category, 2] += sums[TIMES]
        work.by_category[facts.parent[item], 3] += sums[F150]
        total += sums[F150]
    return total


@inlined
def _category_columns(to: Floats, item: int, total: float, facts: Facts, work: Work) -> None:
    category, row = facts.category[item], work.own.slot[item] - 1
    held = work.by_category[category]
    to[34] = held[0] / total
    to[35] = held[1] if held[2] > 0 else NEVER
    to[36] = work.own.sums[row, F150] / (held[0] + np.float32(1e-6)) if row >= 0 else 0.0
    to[37] = facts.later[item] / (facts.category_late[category] + 1)
    to[38] = work.by_category[facts.parent[item], 3] / total
    to[39] = held[2]


@kernel
def describe(
    product: Rows,
    at: Times,
    now: int,
    acts: Rows,
    new_only: bool,
    neighbours: int,
    habits: Habits,
    facts: Facts,
    work: Work,
) -> int:
    """Fill ``work.found`` with candidates, ``work.features`` with what is known of them, ``work.score`` with a plain blend.

    Args:
        product, at: purchases in the order of time, before ``now`` (ms).
        acts: products that the shopper is at, which speak through what goes together.
        new_only: own products are no candidates.

    Returns how many candidates.
    """
    habits, facts, work = borrowed(habits), borrowed(facts), borrowed(work)
    mine, near = score_habits(product, at, habits, neighbours, work.habits)
    _, baskets = sum_up(product, at, now, work.own)
    told = _go_together(mine, at[-1] if len(at) else 0, product, at, acts, facts, work)
    count: int = _gather(mine, near, told, new_only, facts, work)
    shopper, total = _shopper(product, at, now, mine, baskets), _in_categories(mine, facts, work)
    keeps, tries = _changes(mine, work)
    most, share = np.full(2, 1e-9, np.float32), np.float32(habits.share)
    for place in range(count):
        most[0] = max(most[0], work.habits.score[work.found[place]])
        most[1] = max(most[1], work.together[work.found[place]])
    for place in range(count):
        item, to = work.found[place], work.features[place]
        _own_columns(to, item, place, baskets, facts, work)
        _product_columns(to, item, most, facts, work)
        to[27:34] = shopper
        to[45], to[46] = keeps, tries
        _category_columns(to, item, total, facts, work)
        # TIFU's formula, and a little of company and popularity where habits say nothing.
        company = np.float32(0.01) * to[17] + np.float32(1e-4) * to[20] + np.float32(1e-9)
        work.score[place] = share * work.habits.own[item] + (np.float32(1.0) - share) * to[14] + company
    _release(mine, near, told, count, facts, work)
    return count


@inner
def _release(mine: int, near: int, told: int, count: int, facts: Facts, work: Work) -> None:
    for place in range(mine):
        item = work.habits.mine[place]
        work.by_category[facts.category[item], :] = 0.0
        work.by_category[facts.parent[item], :] = 0.0
    for place in range(told):
        work.together[work.told[place]] = 0.0
        work.last[work.told[place]] = 0.0
    for place in range(count):
        work.slot[work.found[place]] = 0
    forget_own(mine, work.own)
    tidy(mine, near, work.habits)
