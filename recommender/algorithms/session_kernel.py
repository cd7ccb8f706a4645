"""The kernel of session-kNN (numba, without the GIL) and the same formula in plain numpy, which tests hold it against."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numba
import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Ranking, Rows, best

if TYPE_CHECKING:
    from recommender.algorithms.session_knn import SessionKNN

Floats = NDArray[np.float32]
_local = threading.local()


class _Scratch:
    """Working arrays of one thread; zero between questions."""

    def __init__(self, sessions: int, products: int) -> None:
        self.sessions, self.products = sessions, products
        self.similarity = np.zeros(sessions, np.float32)
        self.matched = np.zeros(sessions, np.int32)
        self.touched = np.empty(sessions, np.int32)
        self.score = np.zeros(products, np.float32)
        self.found = np.empty(products, np.int32)


def _scratch(sessions: int, products: int) -> _Scratch:
    held: _Scratch | None = getattr(_local, "scratch", None)
    if held is None or held.sessions < sessions or held.products < products:
        held = _local.scratch = _Scratch(sessions, products)
    return held


@numba.njit(cache=True, nogil=True)
def _comes_again(query: Rows, place: int) -> bool:
    for later in range(place + 1, len(query)):  # noqa: SIM110 - numba knows no any() over a generator
        if query[later] == query[place]:
            return True
    return False


@numba.njit(cache=True, nogil=True, fastmath=True)
def _neighbours(
    query: Rows,
    posting_start: NDArray[np.int64],
    posting: Rows,
    query_weight: Floats,
    step_weight: Floats,
    prior: Floats,
    most: int,
    similarity: Floats,
    matched: Rows,
    touched: Rows,
) -> tuple[int, Floats]:
    """Fill ``touched`` with the best sessions; returns their number and values. ``similarity`` is zero again afterwards."""
    count = 0
    last = len(query) - 1
    for place in range(last, -1, -1):
        item = query[place]
        if _comes_again(query, place):
            continue
        weight = step_weight[min(last - place, len(step_weight) - 1)] * query_weight[item]
        for at in range(posting_start[item], posting_start[item + 1]):
            session = posting[at]
            if similarity[session] == 0.0:
                touched[count] = session
                matched[session] = place
                count += 1
            similarity[session] += weight
    values = np.empty(count, np.float32)
    for at in range(count):
        session = touched[at]
        values[at] = similarity[session] * prior[session]
        similarity[session] = 0.0
    if count <= most:
        return count, values
    least = np.partition(values, count - most)[count - most]
    kept = 0
    for at in range(count):
        if values[at] >= least and kept < most:
            touched[kept], values[kept] = touched[at], values[at]
            kept += 1
    return kept, values


@numba.njit(cache=True, nogil=True, fastmath=True)
def _vote(
    query: Rows,
    start: NDArray[np.int64],
    items: Rows,
    moments: NDArray[np.int16],
    after: Floats,
    before: Floats,
    back: float,
    damp: float,
    sharpness: float,
    neighbours: int,
    values: Floats,
    matched: Rows,
    touched: Rows,
    score: Floats,
    found: Rows,
) -> int:
    """Add the votes of the neighbours to ``score``; fill ``found`` with the products voted for and return their number."""
    last = len(query) - 1
    count = 0
    for at in range(neighbours):
        session = touched[at]
        low, high = start[session], start[session + 1]
        item = query[matched[session]]
        match = high - 1
        while match > low and items[match] != item:
            match -= 1
        vote = values[at] if sharpness == 1.0 else values[at] ** sharpness
        vote /= 1.0 + damp * (last - matched[session])
        for row in range(low, high):
            distance = moments[row] - moments[match]
            share = after[min(distance, 63)] if distance > 0 else before[min(-distance, 63)]
            if row == match:
                share = np.float32(back)
            product = items[row]
            if score[product] == 0.0:
                found[count] = product
                count += 1
            score[product] += vote * share + np.float32(1e-30)
    return count


def rank(model: SessionKNN, query: Rows, k: int) -> Ranking:
    """The best ``k`` for ``query``: products, oldest first; of one that comes several times the last counts."""
    held = _scratch(len(model.start_) - 1, model.products_)
    index = (model.posting_start_, model.posting_, model.query_weight_, model.step_weight_, model.prior_)
    sessions = (held.similarity, held.matched, held.touched)
    neighbours, values = _neighbours(query, *index, model.neighbours, *sessions)
    count = _vote(
        query,
        *(model.start_, model.items_, model.moments_, model.after_, model.before_),
        *(model.back, model.damp, model.sharpness),
        neighbours,
        *(values, held.matched, held.touched, held.score, held.found),  # type: ignore[arg-type]
    )
    products = held.found[:count].copy()
    scores = held.score[products] * model.item_weight_[products]
    held.score[products] = 0.0
    if model.own != 1.0:
        scores[np.isin(products, query)] *= np.float32(model.own)
    return best(scores, products, k)


def scores_plainly(model: SessionKNN, query: Rows) -> NDArray[np.float64]:
    """(products,) the formula of :class:`SessionKNN` without a kernel."""
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
            similarity[session] += np.exp(-(last - place) / model.decay) * model.query_weight_[item]
            matched[session] = max(matched[session], place)
    similarity *= model.prior_
    chosen = np.argsort(-similarity, kind="stable")[: model.neighbours]
    scores = np.zeros(model.products_)
    for session in chosen[similarity[chosen] > 0]:
        match = np.flatnonzero(sessions[session] == query[matched[session]])[-1]
        distance = moments[session].astype(int) - int(moments[session][match])
        share = np.exp(-np.abs(distance) / model.reach) * np.where(distance < 0, model.back, 1.0)
        share[match] = model.back
        vote = similarity[session] ** model.sharpness / (1 + model.damp * (last - matched[session]))
        np.add.at(scores, sessions[session], vote * share)
    scores *= model.item_weight_
    scores[np.unique(query)] *= model.own
    return scores
