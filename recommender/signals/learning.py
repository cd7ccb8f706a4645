"""Learning what acts weigh: which weights, and which age, rank best what people bought next.

Within the part of the data that a training learns from: the last tenth of its sessions asks, the sessions before answer, by two
plain judges whose answers hang on the weights: decayed popularity, and the cosine of products over weighted acts (Sarwar et al.
2001, "Item-based collaborative filtering"). One value after the other is tried while the others stand. A value is taken where it is
better by more than twice the standard error of the paired differences: what may be chance stays at its default.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from recommender.algorithms.popular import decayed_acts
from recommender.algorithms.prefixes import split
from recommender.dataset import Dataset, Kind
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.ordering import distinct
from recommender.signals.names import DEFAULTS, KIND_OF, Signal
from recommender.signals.weights import Weights, applied
from shop import clock

SEARCH_SECONDS = 20.0
QUESTIONS = 2_000
# Fewer, and a value would be chosen by chance.
LEAST_QUESTIONS = 300
# A kind that was hardly done cannot be weighed.
LEAST_ACTS = 200
MOST_ROWS = 300_000
DEPTH = 20
LEAST_GAIN = 5e-4
# The unit is a view.
GRID: dict[Signal, tuple[float, ...]] = {
    Signal.HALF_LIFE: (1.0, 3.0, 7.0, 14.0, 30.0, 90.0),
    Signal.PURCHASE: (2.0, 3.0, 5.0, 8.0, 12.0, 20.0),
    Signal.ADD: (1.5, 3.0, 5.0, 8.0),
    Signal.CLICK: (0.5, 1.0, 2.0),
    Signal.WISH: (1.0, 2.0, 4.0),
    Signal.RATE: (1.0, 2.0, 4.0),
    Signal.RETURN: (-2.0, -5.0, -10.0),
}
Floats = NDArray[np.float64]
# Scores in memory at once.
MOST_SCORES = 10_000_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Questions:
    """What is asked: ``known`` (questions, products) acts before, a sparse matrix of ones; ``target`` (questions,) products."""

    known: Any
    target: NDArray[np.int64]


def search(dataset: Dataset, fixed: Mapping[Signal, float], seconds: float = SEARCH_SECONDS) -> dict[str, Any]:
    """What was learnt, as it stands in a training's report.

    Args:
        fixed: what the operator set: taken as it is, never searched for.
        seconds: of processor time at most; then the best so far stand.

    Returns:
        ``values`` (name to value, those that are better than their defaults), ``at``, ``questions``, ``tried``, ``gain`` (of half
        the hit rate and the mean reciprocal rank at 20, mean of both judges, against the defaults), ``before``.
    """
    earlier, last = split(dataset)
    found: dict[str, Any] = {"values": {}, "at": clock.now().isoformat(), "questions": 0, "tried": 0, "gain": 0.0}
    asked = questions_of(last)
    if asked is None or not len(earlier):
        return found
    judge = Judge(newest(earlier), asked)
    values = DEFAULTS | dict(fixed)
    open_ = [name for name in GRID if name not in fixed and _often_done(earlier, name)]
    until = time.process_time() + seconds
    first = best = judge(values)
    found["questions"] = len(asked.target)
    for name in (*open_, *open_):
        for tried in GRID[name]:
            if tried == values[name] or time.process_time() > until:
                continue
            answer = judge(values | {name: tried})
            found["tried"] += 1
            if _better(answer, best):
                values, best = values | {name: tried}, answer
    found["values"] = {
        name.value: value for name, value in values.items() if value != DEFAULTS[name] and name not in fixed
    }
    found |= {"gain": round(float(best.mean() - first.mean()), 5), "before": round(float(first.mean()), 5)}
    log.info("weights_learnt", **{key: value for key, value in found.items() if key != "values"}, **found["values"])
    return found


def _better(answer: Floats, best: Floats) -> bool:
    """By more than twice the standard error of the paired differences: many values are tried."""
    gain = answer - best
    error = float(gain.std(ddof=1)) / np.sqrt(len(gain))
    return bool(gain.mean() > max(LEAST_GAIN, 2 * error))


def _often_done(dataset: Dataset, name: Signal) -> bool:
    return name is Signal.HALF_LIFE or int((dataset.kind == KIND_OF[name]).sum()) >= LEAST_ACTS


def newest(dataset: Dataset) -> Dataset:
    """The newest sessions of at most :data:`MOST_ROWS` rows."""
    first = max(len(dataset) - MOST_ROWS, 0)
    return dataset.take(dataset.session_start[:-1] >= first)


def questions_of(last: Dataset) -> Questions | None:
    """A question a session: what was bought last, or where nobody buys what was done last; asked with what was done before.

    None where there are too few.
    """
    from scipy.sparse import csr_matrix

    wanted = np.flatnonzero(last.weight > 0)
    session = last.session_of_row[wanted]
    bought = last.kind[wanted] == Kind.PURCHASE
    enough = np.count_nonzero(np.bincount(session[bought])) >= LEAST_QUESTIONS
    ends = wanted[bought] if enough else wanted
    ends = ends[np.flatnonzero(np.diff(last.session_of_row[ends], append=-1))]
    ends = ends[np.linspace(0, len(ends) - 1, min(len(ends), QUESTIONS)).astype(np.int64)] if len(ends) else ends
    if len(ends) < LEAST_QUESTIONS:
        return None
    number = np.full(last.sessions, -1, np.int64)
    number[last.session_of_row[ends]] = np.arange(len(ends))
    target = last.product[ends].astype(np.int64)
    of = number[session]
    # What is asked for is no hint: every act on it is left out.
    before = (of >= 0) & (last.at[wanted] <= last.at[ends][of]) & (last.product[wanted] != target[of])
    asked, shown = distinct(of[before], last.product[wanted][before])
    return Questions(
        csr_matrix((np.ones(len(asked), np.float32), (asked, shown)), (len(ends), len(last.products))), target
    )


class Judge:
    """Answers every question with given weights: (2 x questions,) half a hit plus the reciprocal rank."""

    def __init__(self, earlier: Dataset, asked: Questions) -> None:
        self.earlier, self.asked = earlier, asked
        known = earlier.session_shopper >= 0
        actor = np.where(known, earlier.session_shopper, len(earlier.shopper_ids) + np.arange(earlier.sessions))
        self.actor = np.unique(actor, return_inverse=True)[1][earlier.session_of_row]

    def __call__(self, values: Mapping[Signal, float]) -> Floats:
        """Both judges' values."""
        weights = Weights(dict(values), {})
        dataset = applied(replace(self.earlier), weights)
        half_life = values[Signal.HALF_LIFE]
        return np.concatenate([self._popular(dataset, half_life), self._alike(dataset, half_life)])

    def _popular(self, dataset: Dataset, half_life: float) -> Floats:
        rows, worth = decayed_acts(dataset, half_life)
        scores = np.bincount(dataset.product[rows], worth, minlength=len(dataset.products))
        return _values(np.tile(scores, (1, 1)), self.asked.target, shared=True)

    def _alike(self, dataset: Dataset, half_life: float) -> Floats:
        from scipy.sparse import csr_matrix

        rows = np.flatnonzero(dataset.weight > 0)
        # Likeness changes more slowly than popularity: by four half-lives.
        aged = np.exp2((dataset.at[rows] - dataset.window[1]) / DAY_MS / (4 * half_life))
        shape = (int(self.actor.max(initial=0)) + 1, len(dataset.products))
        matrix = csr_matrix(
            ((dataset.weight[rows] * aged).astype(np.float32), (self.actor[rows], dataset.product[rows])), shape
        )
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0))).ravel()
        matrix.data *= (1.0 / np.maximum(length, 1e-9)).astype(np.float32)[matrix.indices]
        values, step = [], max(MOST_SCORES // max(len(dataset.products), 1), 1)
        for low in range(0, len(self.asked.target), step):
            block = slice(low, low + step)
            scores = ((self.asked.known[block] @ matrix.T) @ matrix).toarray()
            values.append(_values(scores, self.asked.target[block]))
        return np.concatenate(values)


def _values(scores: Floats, target: NDArray[np.int64], *, shared: bool = False) -> Floats:
    """(questions,) value of the place of each target; ties count as half above."""
    rows = np.zeros(len(target), np.int64) if shared else np.arange(len(target))
    own = scores[rows, target][:, None]
    if shared:
        ordered = np.sort(scores[0])
        above = len(ordered) - np.searchsorted(ordered, own[:, 0], side="right")
        same = np.searchsorted(ordered, own[:, 0], side="right") - np.searchsorted(ordered, own[:, 0], side="left") - 1
    else:
        above, same = (scores > own).sum(axis=1), (scores == own).sum(axis=1) - 1
    place = 1 + above + same / 2
    hit = (place <= DEPTH) & (own[:, 0] > 0)
    value: Floats = np.where(hit, 0.5 + 1.0 / place, 0.0)
    return value
