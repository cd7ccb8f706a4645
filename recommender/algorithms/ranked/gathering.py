"""Candidates of one question, and what each source says of them: one pass, no Python, nothing allocated that grows with the shop.

Every product that a source names gets a row of sums (:class:`Work`); features are made of these rows. A blend of the sums
chooses the few that are worth features, and is the order where there are no trees.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from recommender.algorithms.base import Rows
from recommender.algorithms.encoder.forward import Weights, direction
from recommender.algorithms.kernels import inner, kernel
from recommender.algorithms.ranked.facts import Facts
from recommender.algorithms.ranked.tables import Bigrams, Floats, Table, Tables
from recommender.algorithms.ranked.words import Words, fill, forget
from recommender.algorithms.repeats import F45, Own, Times, forget_own, habit_of, own_room, sum_up
from recommender.algorithms.session_kernel import (
    Index,
    Rule,
    Scratch,
    comes_again,
    find_neighbours,
    match_of,
    scratch,
    vote_of,
)

# Columns of the sums.
VOTE, NEXT_VOTE, HOLDERS, FROM_LAST, NEWEST = 0, 1, 2, 3, 4
NEXT, LATELY, SKIP_LAST, SKIP_SESSION, TOGETHER_LAST = 5, 6, 7, 8, 9
TOGETHER_SESSION, TOGETHER_MOST, NEXT_OF_PREVIOUS, SECOND, BIGRAM, HABIT = 10, 11, 12, 13, 14, 15
COLUMNS = 16
# Candidates taken from each table for the current product, and for the one before it.
OF_LAST, OF_PREVIOUS = 60, 20
# And of the products that the encoder holds to be nearest.
NEAR_LAST, NEAR_PREVIOUS = 40, 20
# Products of the session that speak through tables, the latest, and how fast their voice fades.
SPEAKING, FADING = 9, 2.5
# The blend: shares of the best vote, of next steps, of skips, of cosines, of what followed the last two.
OF_NEXT, OF_SKIP, OF_TOGETHER, OF_BIGRAM = 0.5, 0.3, 0.1, 0.3
# And of the encoder: this times ``exp(flatness * (logit - most))``.
OF_ENCODER, FLATNESS = 1.5, 0.35
# And of one's own purchases, by how strong the habit is.
OF_HABIT = 1.5
# Products of the session, and so many of one's own habits, are always kept.
OWN, OWN_MOST = 10.0, 60
# Of a history that asks by itself, the products that do, those bought most and last.
ASKING = 12
TINY, LEAST = np.float32(1e-9), np.float32(1e-6)


class Parts(NamedTuple):
    """What a question is answered from, but for the trees.

    Attributes:
        removed: so many of the latest acts are no answers: shares are those of what is left.
    """

    sessions: Index
    rule: Rule
    tables: Tables
    facts: Facts
    words: Words
    encoder: Weights
    removed: int


class Work(NamedTuple):
    """Working arrays of one thread.

    Attributes:
        slot: (products,) row of ``sums`` plus one, 0 for none; zero between questions.
        found: (products,) the product of each row.
        sums: (products, columns).
        blend: (products,) of each row; ``logit``: what the encoder says of it.
        kept: (most,) rows that were chosen, best blend first.
        features: (most, features); ``score``: (most,).
        neighbours: of session-kNN.
        of_last, of_session: (words,) what the current product and the session say; zero between questions.
        own: what the shopper bought.
    """

    slot: Rows
    found: Rows
    sums: Floats
    blend: Floats
    logit: Floats
    kept: Rows
    features: Floats
    score: Floats
    neighbours: Scratch
    of_last: Floats
    of_session: Floats
    own: Own


class Put(NamedTuple):
    """What is known of whoever asks: the arguments of :func:`ask`."""

    acts: Rows
    product: Rows
    at: Times
    now: int


class Asked(NamedTuple):
    """A question with what was summed up for it.

    Attributes:
        query: products, oldest first, not empty: what the shopper is at, or the strongest habits where that is nothing.
        removed: so many of the latest are no answers: habits are.
        own: products that the shopper bought; ``baskets``: in so many.
        visit: whether the query is what the shopper is at.
    """

    query: Rows
    removed: int
    own: int
    baskets: int
    visit: bool


class Told(NamedTuple):
    """What is known of the question itself once candidates are gathered."""

    candidates: int
    neighbours: int
    kept: int
    votes: float
    most_vote: float
    most_skip: float
    most_together: float
    bigrams: float
    most_logit: float
    log_total: float
    most_habit: float


_local = threading.local()


def work_for(sessions: int, products: int, most: int, features: int, words: int = 0) -> Work:
    """Working arrays of this thread, large enough; ``most`` candidates and one's own."""
    most += OWN_MOST
    held: Work | None = getattr(_local, "work", None)
    neighbours = scratch(sessions, products)
    if (
        held is None
        or len(held.slot) < products
        or len(held.kept) < most
        or len(held.of_last) < words
        or held.neighbours is not neighbours
    ):
        words = max(words, len(held.of_last) if held else 1)
        products, most = max(products, len(held.slot) if held else 1), max(most, len(held.kept) if held else 1)
        held = _local.work = Work(
            np.zeros(products, np.int32),
            np.empty(products, np.int32),
            np.empty((products, COLUMNS), np.float32),
            np.empty(products, np.float32),
            np.empty(products, np.float32),
            np.empty(most, np.int32),
            np.empty((most, features), np.float32),
            np.empty(most, np.float32),
            neighbours,
            np.zeros(words, np.float32),
            np.zeros(words, np.float32),
            own_room(products),
        )
    return held


@inner
def _strongest(most: int, count: int, own: Own) -> Rows:
    """Rows of the strongest ``most`` habits; of equal ones those that were bought first."""
    values = np.empty(count, np.float32)
    for row in range(count):
        values[row] = habit_of(row, own)
    if count <= most:
        return np.arange(count).astype(np.int32)
    least = np.partition(values, count - most)[count - most]
    chosen, over = np.empty(most, np.int32), 0
    for equal in range(2):
        for row in range(count):
            if over < most and ((values[row] > least) if equal == 0 else (values[row] == least)):
                chosen[over] = row
                over += 1
    return chosen


@inner
def _habits(count: int, own: Own) -> Rows:
    """The products of the strongest habits, the strongest last."""
    chosen = _strongest(ASKING, count, own)
    values = np.empty(len(chosen), np.float32)
    for at in range(len(chosen)):
        values[at] = habit_of(chosen[at], own)
    products: Rows = own.item[chosen[np.argsort(values, kind="mergesort")]]
    return products


@kernel
def ask(acts: Rows, product: Rows, at: Times, now: int, removed: int, work: Work) -> Asked:
    """Sum up what was bought before, and choose what asks; :func:`release` must follow.

    Args:
        acts: what the shopper is at, oldest first; may be empty where there are purchases.
        product, at: purchases in the order of time, before ``now`` (ms).
        removed: so many of the latest acts are no answers.
    """
    own, baskets = sum_up(product, at, now, work.own)
    visit = len(acts) > 0
    query = acts.copy() if visit else _habits(own, work.own)
    return Asked(query, removed if visit else 0, own, baskets, visit)


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
def _vote(query: Rows, index: Index, rule: Rule, work: Work) -> tuple[int, int]:
    """Rows with the votes of the nearest sessions; the number of rows and of sessions.

    The inner loop turns thousands of times: it calls nothing, or what it would hand over costs more than what it counts.
    """
    neighbours, values = find_neighbours(query, index, rule, work.neighbours)
    last, count, sessions = len(query) - 1, 0, np.float32(len(index.start) - 1)
    slot, found, sums, moments = work.slot, work.found, work.sums, index.moments
    back, farthest, zero, one = np.float32(rule.back), len(index.after) - 1, np.float32(0.0), np.float32(1.0)
    for at in range(neighbours):
        session, value = work.neighbours.touched[at], values[at]
        place = work.neighbours.matched[session]
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
def _bigram_at(bigrams: Bigrams, query: Rows, products: int) -> int:
    """Where the exact last two products stand in the bigrams, -1 if nowhere."""
    if len(query) < 2:
        return -1
    key = np.int64(query[-2]) * products + query[-1]
    at = np.searchsorted(bigrams.key, key)
    return at if at < len(bigrams.key) and bigrams.key[at] == key else -1


@inner
def _name_all(query: Rows, tables: Tables, bigram: int, count: int, work: Work) -> int:
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
def _name_near(query: Rows, encoder: Weights, count: int, work: Work) -> int:
    """Rows for the products whose vectors are nearest to those of the last two acts."""
    for back in range(min(len(query), 2)):
        near = encoder.neighbours[query[len(query) - 1 - back]]
        for at in range(NEAR_LAST if back == 0 else NEAR_PREVIOUS):
            if near[at] >= 0:
                _, count = _row_of(near[at], count, work)
    return count


@inner
def _ask_encoder(query: Rows, encoder: Weights, count: int, work: Work) -> tuple[float, float]:
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
def _add_all(query: Rows, tables: Tables, bigram: int, work: Work) -> float:
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


@inner
def _mark(query: Rows, removed: int, count: int, work: Work) -> None:
    """Fill ``work.blend`` with -1 for rows that are no answers, 0 for the others."""
    work.blend[:count] = 0.0
    for back in range(1, min(removed, len(query)) + 1):
        work.blend[work.slot[query[-back]] - 1] = -1.0


@inner
def _blend(
    query: Rows, removed: int, count: int, onward: float, bigrams: float, work: Work
) -> tuple[float, float, float, float]:
    """Fill ``work.blend`` but for the encoder; returns the total of the votes, and the most of votes, skips and cosines.

    What is no answer counts for none of these: the votes of one's own earlier session go to its own products.
    """
    total, vote, skip, together = 1e-9, 1e-9, 1e-9, 1e-9
    _mark(query, removed, count, work)
    for row in range(count):
        if work.blend[row] < 0:
            continue
        total += work.sums[row, VOTE]
        vote = max(vote, work.sums[row, VOTE])
        skip = max(skip, work.sums[row, SKIP_SESSION])
        together = max(together, work.sums[row, TOGETHER_SESSION])
    for row in range(count):
        sums = work.sums[row]
        shares = sums[VOTE] / vote + OF_NEXT * sums[NEXT] / (onward + TINY) + OF_SKIP * sums[SKIP_SESSION] / skip
        work.blend[row] = (
            shares + OF_TOGETHER * sums[TOGETHER_SESSION] / together + OF_BIGRAM * sums[BIGRAM] / (bigrams + 1.0)
        )
    return total, vote, skip, together


@inner
def _own(query: Rows, habits: Rows, work: Work) -> None:
    """Lift the session's products, and one's habits, above all others."""
    for place in range(len(query)):
        if not comes_again(query, place):
            work.blend[work.slot[query[place]] - 1] += OWN
    for row in habits:
        work.blend[work.slot[work.own.item[row]] - 1] += OWN


@inner
def _keep(count: int, most: int, work: Work) -> int:
    """Fill ``work.kept`` with the rows of the best blend, best first; of equal ones the lower product."""
    most = min(most, count)
    least = np.float32(-1.0)
    if count > most:
        least = np.partition(work.blend[:count], count - most)[count - most]
    chosen, over = np.empty(most, np.int32), 0
    for equal in range(2):
        for row in range(count):
            if over < most and ((work.blend[row] > least) if equal == 0 else (work.blend[row] == least)):
                chosen[over] = row
                over += 1
    by_product = chosen[:over][np.argsort(work.found[chosen[:over]])]
    order = np.argsort(-work.blend[by_product], kind="mergesort")
    for at in range(over):
        work.kept[at] = by_product[order[at]]
    return over


@inner
def _disown(query: Rows, habits: Rows, work: Work) -> None:
    """Take back what kept the session's products and habits among the candidates: it is no reason to show them first."""
    for at in habits:
        row = work.slot[work.own.item[at]] - 1
        work.blend[row] = max(work.blend[row] - OWN, LEAST)
    for place in range(len(query)):
        if not comes_again(query, place):
            row = work.slot[query[place]] - 1
            work.blend[row] = max(work.blend[row] - OWN, LEAST)


@inner
def _add_habits(habits: Rows, count: int, work: Work) -> tuple[int, float]:
    """Rows for one's habits, with how strong they are; the number of rows, and the strength of the strongest."""
    most = np.float32(0.0)
    for row in habits:
        to, count = _row_of(work.own.item[row], count, work)
        work.sums[to, HABIT] = work.own.sums[row, F45]
        most = max(most, work.own.sums[row, F45])
    return count, float(most)


@kernel
def gather(asked: Asked, most: int, parts: Parts, work: Work) -> Told:
    """Fill ``work`` with the candidates for a question: the best ``most``, and one's own habits; :func:`release` must follow."""
    query = asked.query
    count, neighbours = _vote(query, parts.sessions, parts.rule, work)
    bigram = _bigram_at(parts.tables.bigrams, query, len(parts.facts.seen))
    count = _name_all(query, parts.tables, bigram, count, work)
    habits = _strongest(OWN_MOST, asked.own, work.own)
    count, most_habit = _add_habits(habits, count, work)
    most_logit, log_total = 0.0, 0.0
    if len(parts.encoder.vectors):
        count = _name_near(query, parts.encoder, count, work)
        most_logit, log_total = _ask_encoder(query, parts.encoder, count, work)
    bigrams = _add_all(query, parts.tables, bigram, work)
    total, vote, skip, together = _blend(query, asked.removed, count, parts.facts.onward[query[-1]], bigrams, work)
    if len(parts.encoder.vectors):
        for row in range(count):
            work.blend[row] += OF_ENCODER * np.exp(FLATNESS * (work.logit[row] - most_logit))
    for row in range(count):
        work.blend[row] += np.float32(OF_HABIT) * work.sums[row, HABIT] / (np.float32(most_habit) + TINY)
    fill(query, parts.words, work.of_last, work.of_session)
    _own(query, habits, work)
    kept = _keep(count, most + len(habits), work)
    _disown(query, habits, work)
    return Told(count, neighbours, kept, total, vote, skip, together, bigrams, most_logit, log_total, most_habit)


@kernel
def release(asked: Asked, told: Told, parts: Parts, work: Work) -> None:
    """Leave the working arrays as they were."""
    forget(asked.query, parts.words, work.of_last, work.of_session)
    forget_own(asked.own, work.own)
    for row in range(told.candidates):
        work.slot[work.found[row]] = 0
