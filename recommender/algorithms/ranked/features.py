"""What the trees are told of a candidate: numbers from one session and the index, none from after the question.

The order of :data:`FEATURES` is that of the columns; each function below fills the columns of its group.
"""

from __future__ import annotations

import numpy as np

from recommender.algorithms.base import Rows
from recommender.algorithms.kernels import inner, kernel
from recommender.algorithms.ranked import gathering as sums_of
from recommender.algorithms.ranked.facts import Facts
from recommender.algorithms.ranked.gathering import Parts, Told, Work
from recommender.algorithms.ranked.tables import Floats, Table, Tables
from recommender.algorithms.ranked.words import alike
from recommender.algorithms.session_kernel import comes_again

# Name to whether the pointwise trees look at it too: those leave out what drifts.
FEATURES: dict[str, bool] = {
    # Votes of the nearest sessions.
    "vote_share": True,
    "vote_of_best": True,
    "vote_next_place": True,
    "holders_share": True,
    "vote_from_last": True,
    "newest_holder": False,
    "next_place_share": False,
    # Steps from the current product and those before.
    "next_share": True,
    "next_lately": True,
    "next_log": False,
    "next_of_previous": True,
    "next_backward": False,
    "skip_last": True,
    "skip_session": True,
    "second_step": True,
    "bigram": False,
    "bigram_share": True,
    # Company.
    "together_last": True,
    "together_session": True,
    "together_most": False,
    "like_last": True,
    "like_session": True,
    "words_last": True,
    "words_session": True,
    # The product itself.
    "popularity": True,
    "popularity_late": True,
    "trend": False,
    "last_seen": False,
    "ends": False,
    "begins": False,
    # Its place in the session.
    "steps_since": True,
    "times": True,
    "is_current": False,
    "is_previous": False,
    # The session and its current product.
    "length": True,
    "distinct_share": True,
    "popularity_of_current": False,
    "returned_from_current": False,
    "spread_of_current": True,
    "votes_log": True,
    "neighbours_log": False,
    # The encoder, where there is one; else 0.
    "encoder_log": True,
    "encoder_of_best": True,
    "encoder_rank": True,
    "encoder_sure": True,
}
WIDTH = len(FEATURES)
NEVER = 99.0
STEPS, COMPANY, PRODUCT, PLACE, SESSION, ENCODER = 7, 17, 24, 30, 34, 41
LAST_RANK = 99


@inner
def _votes(to: Floats, sums: Floats, told: Told) -> None:
    to[0] = sums[sums_of.VOTE] / told.votes
    to[1] = sums[sums_of.VOTE] / told.most_vote
    to[2] = sums[sums_of.NEXT_VOTE]
    to[3] = sums[sums_of.HOLDERS] / (told.neighbours + 1)
    to[4] = sums[sums_of.FROM_LAST]
    to[5] = sums[sums_of.NEWEST]
    to[6] = sums[sums_of.NEXT_VOTE] / (sums[sums_of.FROM_LAST] + np.float32(1e-3))


@inner
def _weight(table: Table, product: int, other: int) -> float:
    for at in range(table.start[product], table.start[product + 1]):
        if table.other[at] == other:
            return float(table.weight[at])
    return 0.0


@inner
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


@inner
def _dot(one: Floats, other: Floats) -> np.float32:
    total = np.float32(0.0)
    for at in range(len(one)):
        total += one[at] * other[at]
    return total


@inner
def _company(to: Floats, sums: Floats, product: int, last: int, told: Told, facts: Facts, direction: Floats) -> None:
    to[COMPANY] = sums[sums_of.TOGETHER_LAST]
    to[COMPANY + 1] = sums[sums_of.TOGETHER_SESSION] / told.most_together
    to[COMPANY + 2] = sums[sums_of.TOGETHER_MOST]
    to[COMPANY + 3] = _dot(facts.vectors[product], facts.vectors[last])
    to[COMPANY + 4] = _dot(facts.vectors[product], direction)


@inner
def _product(to: Floats, product: int, facts: Facts) -> None:
    to[PRODUCT] = np.log1p(facts.seen[product])
    to[PRODUCT + 1] = np.log1p(facts.late[product])
    to[PRODUCT + 2] = np.log((facts.late[product] + 1) / (facts.later[product] / 4 + 1))
    to[PRODUCT + 3] = facts.last[product]
    to[PRODUCT + 4] = facts.ends[product]
    to[PRODUCT + 5] = facts.begins[product]


@inner
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


@inner
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


@inner
def _encoder(to: Floats, row: int, told: Told, work: Work) -> None:
    mine, before = work.logit[row], 0
    for other in range(told.candidates):
        before += work.logit[other] > mine
    to[ENCODER] = mine - told.log_total
    to[ENCODER + 1] = mine - told.most_logit
    to[ENCODER + 2] = min(before, LAST_RANK)
    to[ENCODER + 3] = told.most_logit - told.log_total


@inner
def _direction(query: Rows, facts: Facts) -> Floats:
    """Unit vector of the last six products, fading."""
    direction = np.zeros(facts.vectors.shape[1], np.float32)
    for back in range(min(len(query), 6)):
        weight = np.float32(np.exp(-back / sums_of.FADING))
        vector = facts.vectors[query[len(query) - 1 - back]]
        for at in range(len(direction)):
            direction[at] += weight * vector[at]
    direction /= np.sqrt(_dot(direction, direction)) + np.float32(1e-6)
    return direction


@kernel
def describe(query: Rows, told: Told, parts: Parts, work: Work) -> None:
    """Fill ``work.features`` for the rows that were kept."""
    tables, facts, encoded = parts.tables, parts.facts, len(parts.encoder.vectors) > 0
    direction, last = _direction(query, facts), query[-1]
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
        else:
            to[SESSION:ENCODER] = work.features[0, SESSION:ENCODER]
        if encoded:
            _encoder(to, row, told, work)
        else:
            to[ENCODER:] = 0.0
