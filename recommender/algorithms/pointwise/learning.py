"""Questions that the last tenth of the sessions answers, as rows and whether each product came next."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.prefixes import mixed_moments
from recommender.asking import Context, Rows
from recommender.dataset import Dataset
from recommender.features.acts import Histories, Question, asked_by
from recommender.features.estimators import ESTIMATORS
from recommender.features.pipeline import Questions
from recommender.profiles.states import ShopperStates

# Of each question: what came next, and so many of the other candidates at random.
OTHERS = 30
# Fewer answered questions teach noise.
LEAST_QUESTIONS = 30


class Candidates(NamedTuple):
    """Products of several sources, each once, by index.

    Attributes:
        scores: (products, 2 sources) of each source the score over its best, and one over the rank; 0 of those it does not name.
    """

    products: Rows
    scores: NDArray[np.float32]


def candidates_of(members: Mapping[str, Algorithm], context: Context, most: int) -> Candidates:
    """The best ``most`` of each source."""
    found = [member.recommend(context, most) for _, member in sorted(members.items())]
    products = np.unique(np.concatenate([ranking.products for ranking in found])).astype(np.int32)
    scores = np.zeros((len(products), 2 * len(found)), np.float32)
    for column, ranking in enumerate(found):
        at = np.searchsorted(products, ranking.products)
        scores[at, 2 * column] = ranking.scores / max(float(ranking.scores.max(initial=0.0)), 1e-9)
        scores[at, 2 * column + 1] = 1.0 / np.arange(1, len(ranking) + 1)
    return Candidates(products, scores)


def rows_of(pipeline: Any, asked: list[Question], scores: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The pipeline's columns and those of the sources, of all questions."""
    rows: NDArray[np.float32] = np.hstack([pipeline.transform(Questions(asked)), np.concatenate(scores)])
    return np.ascontiguousarray(rows, np.float32)


def questions(
    dataset: Dataset, last: Dataset, states: ShopperStates | None, most: int, seed: int
) -> Iterator[tuple[Context, Rows]]:
    """What a request in the midst of each session of ``last`` would have known, and the products that then came.

    Histories are those of ``dataset`` before the session; ``states`` those of before ``last``, as a model that serves has them.
    At most ``most``, drawn at random, in their order.
    """
    rng = np.random.default_rng(seed)
    order, session = mixed_moments(last, seed)
    items = last.product[order].astype(np.int32)
    start = np.searchsorted(session, np.arange(last.sessions + 1))
    histories = Histories(dataset, states)
    drawn = np.sort(rng.permutation(last.sessions)[:most])
    for number in drawn.tolist():
        acts = items[start[number] : start[number + 1]]
        shopper = int(last.session_shopper[number])
        first = 0 if shopper >= 0 else 1
        if len(acts) <= first:
            continue
        cut = int(rng.integers(first, len(acts)))
        began = int(last.at[last.session_start[number]])
        yield histories.context(shopper, acts[:cut], began), acts[cut:]
        if shopper >= 0 and cut:
            # A product page and a cart ask without a history.
            yield Context(session=acts[:cut], at_ms=began), acts[cut:]


def learn(
    name: str,
    members: Mapping[str, Algorithm],
    pipeline: Any,
    asked: Iterator[tuple[Context, Rows]],
    *,
    most: int,
    seed: int,
) -> Any:
    """The fitted estimator; None where too few questions were answered by a candidate."""
    rng = np.random.default_rng(seed)
    described, scores, hits = [], [], []
    for context, then in asked:
        found = candidates_of(members, context, most)
        hit = np.isin(found.products, then)
        if not hit.any():
            continue
        others = rng.permutation(np.flatnonzero(~hit))[:OTHERS]
        kept = np.sort(np.concatenate([np.flatnonzero(hit), others]))
        described.append(asked_by(context, found.products[kept]))
        scores.append(found.scores[kept])
        hits.append(hit[kept])
    if len(hits) < LEAST_QUESTIONS:
        return None
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    rows = rows_of(pipeline, described, scores).astype(np.float64)
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        # A network that stops at its last round has learned enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return ESTIMATORS[name](seed).fit(rows, np.concatenate(hits).astype(np.float64))
