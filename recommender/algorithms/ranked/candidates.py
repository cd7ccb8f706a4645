"""Candidate generation: which products each source names, and what each source says of all that were named.

One pass, no Python, nothing allocated that grows with the shop. What names products returns how many rows there are then.
"""

from __future__ import annotations

import numpy as np

from recommender.algorithms.encoder.forward import Weights, direction
from recommender.algorithms.kernels import inner
from recommender.algorithms.ranked.tables import Bigrams, Table, Tables
from recommender.algorithms.ranked.work import (
    BIGRAM,
    FROM_LAST,
    HABIT,
    HOLDERS,
    LATELY,
    NEWEST,
    NEXT,
    NEXT_OF_PREVIOUS,
    NEXT_VOTE,
    SECOND,
    SKIP_LAST,
    SKIP_SESSION,
    TOGETHER_LAST,
    TOGETHER_MOST,
    TOGETHER_SESSION,
    VOTE,
    Work,
)
from recommender.algorithms.repeats import F45
from recommender.algorithms.session_kernel import (
    Index,
    Rule,
    comes_again,
    find_neighbours,
    look_ahead,
    match_of,
    vote_of,
)
from recommender.asking import Rows

# Candidates taken from each table for the current product, and for the one before it.
OF_LAST, OF_PREVIOUS = 60, 20
# And of the products that the encoder holds to be nearest.
NEAR_LAST, NEAR_PREVIOUS = 40, 20
# Products of the session that speak through tables, the latest, and how fast their voice fades.
SPEAKING, FADING = 9, 2.5


@inner
def _row_of(product: int, count: int, work: Work) -> tuple[int, int]:
    """The row of a product, a fresh one where it has none, and the number of rows."""
    row = work.slot[product] - 1
    if row >= 0:
        return row, count
    work.slot[product] = count + 1
    work.found[count] = product
    work.sums[count, :] = 0.0
    return count, count + 1


@inner
def count_votes(query: Rows, index: Index, rule: Rule, work: Work) -> tuple[int, int]:
    """Rows with the votes of the nearest sessions; the number of rows and of sessions.

    The inner loop turns thousands of times: it calls nothing, or what it would hand over costs more than what it counts.
    """
    neighbours, values = find_neighbours(query, index, rule, work.neighbours)
    last, count, sessions = len(query) - 1, 0, np.float32(len(index.start) - 1)
    slot, found, sums, moments = work.slot, work.found, work.sums, index.moments
    back, farthest, zero, one = np.float32(rule.back), len(index.after) - 1, np.float32(0.0), np.float32(1.0)
    look_ahead(neighbours, index, work.neighbours)
    for at in range(neighbours):
        session, value = work.neighbours.touched[at], values[at]
        place = work.neighbours.matched[at]
        match = match_of(session, query[place], index)
        vote, now = np.float32(vote_of(value, last - place, rule)), moments[match]
        newest, holds_last = np.float32(session) / sessions, one if place == last else zero
        for row in range(index.start[session], index.start[session + 1]):
            to = slot[index.items[row]] - 1
            if to < 0:
                to, count = count, count + 1
                slot[index.items[row]], found[to] = count, index.items[row]
                sums[to, :] = zero
            distance, share = moments[row] - now, back
            if distance > 0:
                share = index.after[min(distance, farthest)]
            elif row != match:
                share = index.before[min(-distance, farthest)]
            sums[to, VOTE] += vote * share
            sums[to, HOLDERS] += one
            sums[to, NEXT_VOTE] += value if distance == 1 else zero
            sums[to, FROM_LAST] += vote * share * holds_last
            sums[to, NEWEST] = max(sums[to, NEWEST], newest)
    for row in range(count):
        sums[row, VOTE] *= index.item_weight[found[row]]
    for place in range(len(query)):
        row = slot[query[place]] - 1
        if row >= 0 and not comes_again(query, place):
            sums[row, VOTE] *= np.float32(rule.own)
    return count, neighbours


@inner
def _name(table: Table, product: int, most: int, count: int, work: Work) -> int:
    """Rows for the strongest ``most`` of a product's table."""
    for at in range(table.start[product], min(table.start[product + 1], table.start[product] + most)):
        _, count = _row_of(table.other[at], count, work)
    return count


@inner
def bigram_at(bigrams: Bigrams, query: Rows, products: int) -> int:
    """Where the exact last two products stand in the bigrams, -1 if nowhere."""
    if len(query) < 2:
        return -1
    key = np.int64(query[-2]) * products + query[-1]
    at = np.searchsorted(bigrams.key, key)
    return at if at < len(bigrams.key) and bigrams.key[at] == key else -1


@inner
def name_by_tables(query: Rows, tables: Tables, bigram: int, count: int, work: Work) -> int:
    """Rows for what the tables name, and for the session itself."""
    last = query[-1]
    count = _name(tables.next, last, OF_LAST, count, work)
    count = _name(tables.skip, last, OF_LAST, count, work)
    count = _name(tables.together, last, OF_LAST, count, work)
    for place in range(len(query)):
        _, count = _row_of(query[place], count, work)
    if len(query) > 1:
        count = _name(tables.skip, query[-2], OF_PREVIOUS, count, work)
    if bigram >= 0:
        for at in range(tables.bigrams.start[bigram], tables.bigrams.start[bigram + 1]):
            _, count = _row_of(tables.bigrams.other[at], count, work)
    return count


@inner
def name_near(query: Rows, encoder: Weights, count: int, work: Work) -> int:
    """Rows for the products whose vectors are nearest to those of the last two acts."""
    for back in range(min(len(query), 2)):
        near = encoder.neighbours[query[len(query) - 1 - back]]
        for at in range(NEAR_LAST if back == 0 else NEAR_PREVIOUS):
            if near[at] >= 0:
                _, count = _row_of(near[at], count, work)
    return count


@inner
def name_habits(habits: Rows, count: int, work: Work) -> tuple[int, float]:
    """Rows for one's habits, with how strong they are; the number of rows, and the strength of the strongest."""
    most = np.float32(0.0)
    for row in habits:
        to, count = _row_of(work.own.item[row], count, work)
        work.sums[to, HABIT] = work.own.sums[row, F45]
        most = max(most, work.own.sums[row, F45])
    return count, float(most)


@inner
def ask_encoder(query: Rows, encoder: Weights, count: int, work: Work) -> tuple[float, float]:
    """Fill ``work.logit``; returns the highest, and the logarithm of the sum of exponentials."""
    sought, most, total = direction(query, encoder), np.float32(-1e30), np.float32(0.0)
    for row in range(count):
        vector, cosine = encoder.vectors[work.found[row]], np.float32(0.0)
        for at in range(len(sought)):
            cosine += vector[at] * sought[at]
        work.logit[row] = cosine * encoder.scale[0]
        most = max(most, work.logit[row])
    for row in range(count):
        total += np.exp(work.logit[row] - most)
    return float(most), float(most + np.log(total))


@inner
def _add(table: Table, product: int, weight: float, column: int, work: Work) -> None:
    """A product's table, added to the rows there are."""
    for at in range(table.start[product], table.start[product + 1]):
        row = work.slot[table.other[at]] - 1
        if row >= 0:
            work.sums[row, column] += np.float32(weight) * table.weight[at]


@inner
def add_tables(query: Rows, tables: Tables, bigram: int, work: Work) -> float:
    """What the tables say of the rows; returns the count of the last two products."""
    last = query[-1]
    _add(tables.next, last, 1.0, NEXT, work)
    _add(tables.lately, last, 1.0, LATELY, work)
    _add(tables.skip, last, 1.0, SKIP_LAST, work)
    _add(tables.together, last, 1.0, TOGETHER_LAST, work)
    for back in range(min(len(query), SPEAKING)):
        product = query[len(query) - 1 - back]
        weight = np.exp(-back / FADING)
        _add(tables.skip, product, weight, SKIP_SESSION, work)
        _add(tables.together, product, weight, TOGETHER_SESSION, work)
        for at in range(tables.together.start[product], tables.together.start[product + 1]):
            row = work.slot[tables.together.other[at]] - 1
            if row >= 0:
                work.sums[row, TOGETHER_MOST] = max(work.sums[row, TOGETHER_MOST], tables.together.weight[at])
    if len(query) > 1:
        _add(tables.next, query[-2], 1.0, NEXT_OF_PREVIOUS, work)
        _add(tables.second, query[-2], 1.0, SECOND, work)
    total = 0.0
    if bigram >= 0:
        for at in range(tables.bigrams.start[bigram], tables.bigrams.start[bigram + 1]):
            row = work.slot[tables.bigrams.other[at]] - 1
            work.sums[row, BIGRAM] += tables.bigrams.weight[at]
            total += tables.bigrams.weight[at]
    return total
