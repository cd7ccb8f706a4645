"""What the trees are told of a candidate: numbers from one session and the index, none from after the question.

The order of :data:`FEATURES` is that of the columns; each function below fills the columns of its group.
"""

from __future__ import annotations

import numpy as np

from recommender.algorithms.kernels import inlined, kernel, prefetch
from recommender.algorithms.ranked import work as sums_of
from recommender.algorithms.ranked.asking import Asked
from recommender.algorithms.ranked.blending import TINY
from recommender.algorithms.ranked.candidates import FADING
from recommender.algorithms.ranked.facts import Facts
from recommender.algorithms.ranked.tables import Floats, Table, Tables
from recommender.algorithms.ranked.words import alike
from recommender.algorithms.ranked.work import Parts, Told, Work
from recommender.algorithms.repeats import F45, GAPS, LAST, OWN, TIMES, Own, gap_columns, own_columns
from recommender.algorithms.repeats import NEVER as LONG_AGO
from recommender.algorithms.session_kernel import comes_again
from recommender.asking import Rows

FEATURES = (
    # Votes of the nearest sessions.
    "vote_share",
    "vote_of_best",
    "vote_next_place",
    "holders_share",
    "vote_from_last",
    "newest_holder",
    "next_place_share",
    # Steps from the current product and those before.
    "next_share",
    "next_lately",
    "next_log",
    "next_of_previous",
    "next_backward",
    "skip_last",
    "skip_session",
    "second_step",
    "bigram",
    "bigram_share",
    # Company.
    "together_last",
    "together_session",
    "together_most",
    "like_last",
    "like_session",
    "words_last",
    "words_session",
    # The product itself.
    "popularity",
    "popularity_late",
    "trend",
    "last_seen",
    "ends",
    "begins",
    # Its place in the session.
    "steps_since",
    "times",
    "is_current",
    "is_previous",
    # The session and its current product.
    "length",
    "distinct_share",
    "popularity_of_current",
    "returned_from_current",
    "spread_of_current",
    "votes_log",
    "neighbours_log",
    # The encoder, where there is one; else 0.
    "encoder_log",
    "encoder_of_best",
    "encoder_rank",
    "encoder_sure",
    # One's own purchases of it, where they are known; the product's habits, and the shopper's.
    *(f"bought_{name}" for name in OWN + GAPS),
    "bought_of_best",
    "bought_since_over_gap",
    "again",
    "gap",
    "baskets",
    "basket_days",
    "basket_size",
    "repeats",
    "no_visit",
)
WIDTH = len(FEATURES)
NEVER = 99.0
STEPS, COMPANY, PRODUCT, PLACE, SESSION, ENCODER, BOUGHT = 7, 17, 24, 30, 34, 41, 45
OF_PRODUCT = BOUGHT + len(OWN) + len(GAPS)
# What all shoppers' purchases say of a product; one's own are before it.
OF_ALL = OF_PRODUCT + 2
SHOPPER = OF_ALL + 2
LAST_RANK = 99


@inlined
def _votes(to: Floats, sums: Floats, told: Told) -> None:
    to[0] = sums[sums_of.VOTE] / told.votes
    to[1] = sums[sums_of.VOTE] / told.most_vote
    to[2] = sums[sums_of.NEXT_VOTE]
    to[3] = sums[sums_of.HOLDERS] / (told.neighbours + 1)
    to[4] = sums[sums_of.FROM_LAST]
    to[5] = sums[sums_of.NEWEST]
    to[6] = sums[sums_of.NEXT_VOTE] / (sums[sums_of.FROM_LAST] + np.float32(1e-3))


@inlined
def _weight(table: Table, product: int, other: int) -> float:
    for at in range(table.start[product], table.start[product + 1]):
        if table.other[at] == other:
            return float(table.weight[at])
    return 0.0


@inlined
def _steps(to: Floats, sums: Floats, product: int, last: int, told: Told, tables: Tables, facts: Facts) -> None:
    onward = facts.onward[last] + 1
    to[STEPS] = sums[sums_of.NEXT] / onward
    to[STEPS + 1] = sums[sums_of.LATELY]
    to[STEPS + 2] = np.log1p(sums[sums_of.NEXT])
    to[STEPS + 3] = sums[sums_of.NEXT_OF_PREVIOUS]
    to[STEPS + 4] = _weight(tables.next, product, last)
    to[STEPS + 5] = sums[sums_of.SKIP_LAST] / onward
    to[STEPS + 6] = sums[sums_of.SKIP_SESSION] / told.most_skip
    to[STEPS + 7] = sums[sums_of.SECOND]
    to[STEPS + 8] = sums[sums_of.BIGRAM]
    to[STEPS + 9] = sums[sums_of.BIGRAM] / (told.bigrams + 1)


@inlined
def _dot(one: Floats, other: Floats) -> np.float32:
    total = np.float32(0.0)
    for at in range(len(one)):
        total += one[at] * other[at]
    return total


@inlined
def _company(to: Floats, sums: Floats, product: int, last: int, told: Told, facts: Facts, direction: Floats) -> None:
    to[COMPANY] = sums[sums_of.TOGETHER_LAST]
    to[COMPANY + 1] = sums[sums_of.TOGETHER_SESSION] / told.most_together
    to[COMPANY + 2] = sums[sums_of.TOGETHER_MOST]
    to[COMPANY + 3] = _dot(facts.vectors[product], facts.vectors[last])
    to[COMPANY + 4] = _dot(facts.vectors[product], direction)


@inlined
def _product(to: Floats, product: int, facts: Facts) -> None:
    to[PRODUCT] = np.log1p(facts.seen[product])
    to[PRODUCT + 1] = np.log1p(facts.late[product])
    to[PRODUCT + 2] = np.log((facts.late[product] + 1) / (facts.later[product] / 4 + 1))
    to[PRODUCT + 3] = facts.last[product]
    to[PRODUCT + 4] = facts.ends[product]
    to[PRODUCT + 5] = facts.begins[product]


@inlined
def _place(to: Floats, product: int, query: Rows) -> None:
    last, place, times = len(query) - 1, -1, 0
    for at in range(len(query)):
        if query[at] == product:
            place = at
            times += 1
    to[PLACE] = last - place if place >= 0 else NEVER
    to[PLACE + 1] = times
    to[PLACE + 2] = product == query[-1]
    to[PLACE + 3] = last > 0 and product == query[-2]


@inlined
def _session(to: Floats, query: Rows, told: Told, facts: Facts) -> None:
    distinct, last = 0, query[-1]
    for place in range(len(query)):
        distinct += not comes_again(query, place)
    to[SESSION] = len(query)
    to[SESSION + 1] = distinct / len(query)
    to[SESSION + 2] = np.log1p(facts.seen[last])
    to[SESSION + 3] = facts.returned[last]
    to[SESSION + 4] = facts.spread[last]
    to[SESSION + 5] = np.log(told.votes + 1e-6)
    to[SESSION + 6] = np.log1p(told.neighbours)


@inlined
def _encoder(to: Floats, row: int, told: Told, work: Work) -> None:
    mine, before = work.logit[row], 0
    for other in range(told.candidates):
        before += work.logit[other] > mine
    to[ENCODER] = mine - told.log_total
    to[ENCODER + 1] = mine - told.most_logit
    to[ENCODER + 2] = min(before, LAST_RANK)
    to[ENCODER + 3] = told.most_logit - told.log_total


@inlined
def _bought(to: Floats, row: int, gap: float, asked: Asked, told: Told, own: Own) -> None:
    """What the shopper's purchases say of a product, in row ``row`` of them; ``gap``: days between two of anybody's."""
    own_columns(to[BOUGHT : BOUGHT + 12], row, asked.baskets, own)
    gap_columns(to[BOUGHT + 12 : OF_PRODUCT], row, own)
    to[OF_PRODUCT] = own.sums[row, F45] / (np.float32(told.most_habit) + TINY) if row >= 0 else 0.0
    to[OF_PRODUCT + 1] = own.sums[row, LAST] / (gap + 1) if row >= 0 else LONG_AGO


@inlined
def _shopper(to: Floats, asked: Asked, work: Work) -> None:
    """Baskets, days since the last, their size, and the share of purchases that were repeats."""
    bought, last = 0.0, LONG_AGO
    for row in range(asked.own):
        bought += work.own.sums[row, TIMES]
        last = min(last, work.own.sums[row, LAST])
    to[SHOPPER] = asked.baskets
    to[SHOPPER + 1] = last
    to[SHOPPER + 2] = bought / max(asked.baskets, 1)
    to[SHOPPER + 3] = (bought - asked.own) / max(bought, 1.0)
    to[SHOPPER + 4] = not asked.visit


@inlined
def _direction(query: Rows, facts: Facts) -> Floats:
    """Unit vector of the last six products, fading."""
    direction = np.zeros(facts.vectors.shape[1], np.float32)
    for back in range(min(len(query), 6)):
        weight = np.float32(np.exp(-back / FADING))
        vector = facts.vectors[query[len(query) - 1 - back]]
        for at in range(len(direction)):
            direction[at] += weight * vector[at]
    direction /= np.sqrt(_dot(direction, direction)) + np.float32(1e-6)
    return direction


# Octets that memory brings at a time, in float32.
LINE = 16


@inlined
def _look_ahead(told: Told, parts: Parts, work: Work) -> None:
    """Have brought what :func:`describe` reads of each candidate: first where it lies, then what lies there."""
    facts, words, steps = parts.facts, parts.words, parts.tables.next
    for at in range(told.kept):
        product = work.found[work.kept[at]]
        prefetch(words.start, product)
        prefetch(steps.start, product)
        prefetch(work.own.slot, product)
        # One by one: they are of one kind only where all of them come from a file.
        prefetch(facts.seen, product)
        prefetch(facts.late, product)
        prefetch(facts.later, product)
        prefetch(facts.last, product)
        prefetch(facts.ends, product)
        prefetch(facts.begins, product)
        prefetch(facts.again, product)
        prefetch(facts.gap, product)
    flat, width = facts.vectors.reshape(-1), facts.vectors.shape[1]
    for at in range(told.kept):
        product = work.found[work.kept[at]]
        prefetch(words.word, words.start[product])
        prefetch(words.weight, words.start[product])
        prefetch(steps.other, steps.start[product])
        for place in range(0, width, LINE):
            prefetch(flat, product * width + place)


@kernel
def describe(asked: Asked, told: Told, parts: Parts, work: Work) -> None:
    """Fill ``work.features`` for the rows that were kept."""
    _look_ahead(told, parts, work)
    query = asked.query
    tables, facts, encoded = parts.tables, parts.facts, len(parts.encoder.vectors) > 0
    direction, last = _direction(query, facts), query[-1]
    # A candidate that was never bought: what is said of that is the same of all.
    never = -1
    for at in range(told.kept):
        row = work.kept[at]
        to, sums, product = work.features[at], work.sums[row], work.found[row]
        _votes(to, sums, told)
        _steps(to, sums, product, last, told, tables, facts)
        _company(to, sums, product, last, told, facts, direction)
        to[COMPANY + 5] = alike(product, parts.words, work.of_last)
        to[COMPANY + 6] = alike(product, parts.words, work.of_session)
        _product(to, product, facts)
        _place(to, product, query)
        if at == 0:
            _session(to, query, told, facts)
            _shopper(to, asked, work)
        else:
            to[SESSION:ENCODER] = work.features[0, SESSION:ENCODER]
            to[SHOPPER:] = work.features[0, SHOPPER:]
        if encoded:
            _encoder(to, row, told, work)
        else:
            to[ENCODER:BOUGHT] = 0.0
        own = work.own.slot[product] - 1
        if own < 0 and never >= 0:
            to[BOUGHT:OF_ALL] = work.features[never, BOUGHT:OF_ALL]
        else:
            _bought(to, own, facts.gap[product], asked, told, work.own)
            never = at if own < 0 else never
        to[OF_ALL] = facts.again[product]
        to[OF_ALL + 1] = facts.gap[product]
