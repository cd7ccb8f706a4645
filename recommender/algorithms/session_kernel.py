"""The kernel of session-kNN (numba, without the GIL) and the same formula in plain numpy, which tests hold it against."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import borrowed, inner, kernel, prefetch
from recommender.asking import Ranking, Rows, best

if TYPE_CHECKING:
    from recommender.algorithms.session_knn import SessionKNN

Floats = NDArray[np.float32]
_local = threading.local()
# Scores of products that were voted for are never exactly zero: zero says that a product was not seen yet.
LEAST = np.float32(1e-30)
# Of hashing by multiplication (Knuth, The Art of Computer Programming 3, 6.4): 2 ** 32 over the golden ratio, of whose product the
# bits from here on depend on all bits of a number below 2 ** 24.
SPREAD, BITS = 2_654_435_769, 24


class Rule(NamedTuple):
    """What the votes depend on; the names are those of :class:`~recommender.algorithms.session_knn.SessionKNN`."""

    recent: float
    neighbours: float
    decay: float
    reach: float
    back: float
    recency: float
    norm: float
    damp: float
    query_idf: float
    item_idf: float
    own: float
    sharpness: float


class Index(NamedTuple):
    """Sessions, their postings, and what does not depend on the question.

    Attributes:
        start, items, moments: rows of each session; rank of each row's time within it.
        posting_start, posting: sessions that hold each product, newest first.
        query_weight, item_weight: (products,) powers of the inverse document frequency.
        prior: (sessions,) recency and length.
        step, after, before: what distances 0 to 63 leave.
    """

    start: NDArray[np.int64]
    items: Rows
    moments: NDArray[np.int16]
    posting_start: NDArray[np.int64]
    posting: Rows
    query_weight: Floats
    item_weight: Floats
    prior: Floats
    step: Floats
    after: Floats
    before: Floats


class Scratch(NamedTuple):
    """Working arrays of one thread.

    Attributes:
        key, similarity: a hash table of the sessions that one question touches, no more of it than that needs: it stays in the
            cache next to the core, where an array of all sessions does not. Session plus one, 0 between questions; its sum.
        touched, matched: (sessions,) those sessions, and where in the question each matched last.
        score: (products,) zero between questions; ``found``: (products,).
    """

    key: Rows
    similarity: Floats
    touched: Rows
    matched: Rows
    score: Floats
    found: Rows


def scratch(sessions: int, products: int) -> Scratch:
    """Those of this thread, large enough."""
    held: Scratch | None = getattr(_local, "scratch", None)
    if held is None or len(held.touched) < sessions or len(held.score) < products:
        # Large enough for the model asked before, too: else two of them would make the arrays anew at every turn.
        sessions, products = max(sessions, 1), max(products, 1)
        if held is not None:
            sessions, products = max(sessions, len(held.touched)), max(products, len(held.score))
        held = _local.scratch = Scratch(
            np.zeros(_room(sessions), np.int32),
            np.empty(_room(sessions), np.float32),
            np.empty(sessions, np.int32),
            np.empty(sessions, np.int32),
            np.zeros(products, np.float32),
            np.empty(products, np.int32),
        )
    return held


def _room(sessions: int) -> int:
    """The power of two that holds twice as many."""
    return 1 << (2 * sessions - 1).bit_length()


@inner
def comes_again(query: Rows, place: int) -> bool:
    """Whether the product at ``place`` stands later in ``query`` too."""
    for later in range(place + 1, len(query)):  # noqa: SIM110 - numba knows no any() over a generator
        if query[later] == query[place]:
            return True
    return False


@kernel
def find_neighbours(query: Rows, index: Index, rule: Rule, work: Scratch) -> tuple[int, Floats]:
    """Fill ``work.touched`` with the best sessions, ``work.matched`` with where; returns their number and values."""
    count, last, most = 0, len(query) - 1, int(rule.neighbours)
    key, similarity, touched, matched = work.key, work.similarity, work.touched, work.matched
    mask = _slots(query, index, len(key)) - 1
    for place in range(last, -1, -1):
        item = query[place]
        if comes_again(query, place):
            continue
        weight = index.step[min(last - place, len(index.step) - 1)] * index.query_weight[item]
        for at in range(index.posting_start[item], index.posting_start[item + 1]):
            session = np.int64(index.posting[at]) + 1
            slot = (session * SPREAD >> BITS) & mask
            while key[slot] != session and key[slot] != 0:
                slot = (slot + 1) & mask
            if key[slot] == 0:
                key[slot], similarity[slot] = session, np.float32(0.0)
                touched[count], matched[count] = slot, place
                count += 1
            similarity[slot] += weight + LEAST
    values = np.empty(count, np.float32)
    for at in range(count):
        slot = touched[at]
        touched[at] = key[slot] - 1
        values[at] = similarity[slot] * index.prior[touched[at]]
        key[slot] = 0
    if count <= most:
        return count, values
    least = np.partition(values, count - most)[count - most]
    kept = 0
    for at in range(count):
        if values[at] >= least and kept < most:
            touched[kept], matched[kept], values[kept] = touched[at], matched[at], values[at]
            kept += 1
    return kept, values


@inner
def look_ahead(neighbours: int, index: Index, work: Scratch) -> None:
    """Have brought the rows of the sessions that were found."""
    for at in range(neighbours):
        prefetch(index.start, work.touched[at])
    for at in range(neighbours):
        prefetch(index.items, index.start[work.touched[at]])
        prefetch(index.moments, index.start[work.touched[at]])


@inner
def _slots(query: Rows, index: Index, room: int) -> int:
    """How much of the hash table a question needs: the power of two that is twice what it may touch, ``room`` at most."""
    least = 0
    for place in range(len(query)):
        least += 2 * (index.posting_start[query[place] + 1] - index.posting_start[query[place]])
    slots = 64
    while slots < least and slots < room:
        slots *= 2
    return min(slots, room)


@inner
def vote_of(value: float, steps: int, rule: Rule) -> float:
    """What a neighbour's voice counts: its value sharpened, damped by how far back its match lies."""
    if rule.sharpness == 2.0:
        value *= value
    elif rule.sharpness != 1.0:
        value = value**rule.sharpness
    return value / (1.0 + rule.damp * steps)


@inner
def match_of(session: int, item: int, index: Index) -> int:
    """The row of a session where it last holds ``item``."""
    row: int = index.start[session + 1] - 1
    while row > index.start[session] and index.items[row] != item:
        row -= 1
    return row


@inner
def share_of(row: int, match: int, index: Index, rule: Rule) -> float:
    """What a row of a neighbour gets of its vote."""
    if row == match:
        return rule.back
    distance = index.moments[row] - index.moments[match]
    share: float = index.after[min(distance, 63)] if distance > 0 else index.before[min(-distance, 63)]
    return share


@kernel
def score(query: Rows, index: Index, rule: Rule, work: Scratch) -> int:
    """Fill ``work.found`` with the products voted for and ``work.score`` with their scores; returns how many."""
    index, work = borrowed(index), borrowed(work)
    neighbours, values = find_neighbours(query, index, rule, work)
    last, count = len(query) - 1, 0
    look_ahead(neighbours, index, work)
    for at in range(neighbours):
        session = work.touched[at]
        place = work.matched[at]
        match = match_of(session, query[place], index)
        vote = vote_of(values[at], last - place, rule)
        for row in range(index.start[session], index.start[session + 1]):
            product = index.items[row]
            if work.score[product] == 0.0:
                work.found[count] = product
                count += 1
            work.score[product] += np.float32(vote * share_of(row, match, index, rule)) + LEAST
    for at in range(count):
        work.score[work.found[at]] *= index.item_weight[work.found[at]]
    for place in range(len(query)):
        if not comes_again(query, place):
            work.score[query[place]] *= np.float32(rule.own)
    return count


@kernel
def places(
    items: Rows, low: NDArray[np.int64], high: NDArray[np.int64], removed: int, index: Index, rule: Rule, work: Scratch
) -> Rows:
    """(questions,) the place, from 1, that ``items[high]`` gets when asked with ``items[low:high]``; 0 if none.

    The last ``removed`` rows of what is known are taken out of the answer.
    """
    found = np.zeros(len(low), np.int32)
    for question in range(len(low)):
        count = score(items[low[question] : high[question]], index, rule, work)
        for at in range(max(low[question], high[question] - removed), high[question]):
            work.score[items[at]] = 0.0
        target = items[high[question]]
        value = work.score[target]
        if value > 0:
            place = 1
            for at in range(count):
                other = work.found[at]
                place += work.score[other] > value or (work.score[other] == value and other < target)
            found[question] = place
        for at in range(count):
            work.score[work.found[at]] = 0.0
    return found


def rank(model: SessionKNN, query: Rows, k: int) -> Ranking:
    """The best ``k`` for ``query``: products, oldest first; of one that comes several times the last counts."""
    work = scratch(len(model.start_) - 1, model.products_)
    count = score(query, model.index, model.rule, work)
    products = work.found[:count].copy()
    scores = work.score[products]
    work.score[products] = 0.0
    return best(scores, products, k)


def scores_plainly(model: SessionKNN, query: Rows) -> NDArray[np.float64]:
    """(products,) the formula of :class:`SessionKNN` without a kernel."""
    rule = model.rule
    sessions = [model.items_[low:high] for low, high in zip(model.start_, model.start_[1:], strict=False)]
    moments = [model.moments_[low:high] for low, high in zip(model.start_, model.start_[1:], strict=False)]
    last = len(query) - 1
    similarity, matched = np.zeros(len(sessions)), np.full(len(sessions), -1)
    for place in range(last, -1, -1):
        item = query[place]
        if item in query[place + 1 :]:
            continue
        low, high = model.posting_start_[item], model.posting_start_[item + 1]
        for session in model.posting_[low:high]:
            similarity[session] += np.exp(-(last - place) / rule.decay) * model.query_weight_[item]
            matched[session] = max(matched[session], place)
    similarity *= model.prior_
    chosen = np.argsort(-similarity, kind="stable")[: int(rule.neighbours)]
    scores = np.zeros(model.products_)
    for session in chosen[similarity[chosen] > 0]:
        match = np.flatnonzero(sessions[session] == query[matched[session]])[-1]
        distance = moments[session].astype(int) - int(moments[session][match])
        share = np.exp(-np.abs(distance) / rule.reach) * np.where(distance < 0, rule.back, 1.0)
        share[match] = rule.back
        vote = similarity[session] ** rule.sharpness / (1 + rule.damp * (last - matched[session]))
        np.add.at(scores, sessions[session], vote * share)
    scores *= model.item_weight_
    scores[np.unique(query)] *= rule.own
    return scores
