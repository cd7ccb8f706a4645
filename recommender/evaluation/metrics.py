"""Ranking metrics, one value a question, so that intervals and differences can be made of them.

Formulas: Järvelin & Kekäläinen (2002) for NDCG (binary gain, log2 discount, ideal cut at k); Voorhees (1999) for MRR; Buckley &
Voorhees (2000) for average precision: over all targets, also those that ``k`` places cannot hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.asking import Rows

CUTS = (5, 10, 20)
DEEPEST = max(CUTS)


def hits_of(rankings: Sequence[Rows], targets: Sequence[Rows]) -> NDArray[np.bool_]:
    """(questions, 20) whether the product at each place is one of the question's targets."""
    hits = np.zeros((len(rankings), DEEPEST), np.bool_)
    for row, (ranking, wanted) in enumerate(zip(rankings, targets, strict=True)):
        first = ranking[:DEEPEST]
        hits[row, : len(first)] = np.isin(first, wanted)
    return hits


def hit_rate(hits: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """(questions,) 1 where a target is among the first ``k``."""
    return np.asarray(hits[:, :k].any(axis=1), np.float64)


def precision(hits: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """(questions,) share of ``k`` places that hold a target; a short ranking leaves places empty."""
    return np.asarray(hits[:, :k].sum(axis=1) / k, np.float64)


def recall(hits: NDArray[np.bool_], wanted: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """(questions,) share of the targets that are among the first ``k``; 0 without a target."""
    return np.asarray(hits[:, :k].sum(axis=1) / np.maximum(wanted, 1), np.float64)


def average_precision(hits: NDArray[np.bool_], wanted: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """(questions,) sum of the precisions at the places of targets among the first ``k``, over the number of targets."""
    cut = hits[:, :k]
    precisions = np.cumsum(cut, axis=1) / np.arange(1, cut.shape[1] + 1)
    return np.asarray((precisions * cut).sum(axis=1) / np.maximum(wanted, 1), np.float64)


def reciprocal_rank(hits: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """(questions,) one over the place of the first target among the first ``k``, else 0."""
    cut = hits[:, :k]
    place = cut.argmax(axis=1) + 1
    values: NDArray[np.float64] = np.where(cut.any(axis=1), 1.0 / place, 0.0)
    return values


def ndcg(hits: NDArray[np.bool_], wanted: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """(questions,) discounted gain of the first ``k`` over that of the best order; ``wanted`` is the number of targets."""
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(wanted, k)]
    gain = hits[:, :k] @ discount
    values: NDArray[np.float64] = np.divide(gain, ideal, out=np.zeros(len(hits)), where=ideal > 0)
    return values


def per_question(rankings: Sequence[Rows], targets: Sequence[Rows]) -> dict[str, NDArray[np.float64]]:
    """Metric name (``hr@10``, ``precision@10``, ``ndcg@10``, ...) to one value a question."""
    hits = hits_of(rankings, targets)
    wanted = np.array([len(np.unique(rows)) for rows in targets], np.int64)
    found = {}
    for k in CUTS:
        found[f"hr@{k}"] = hit_rate(hits, k)
        found[f"precision@{k}"] = precision(hits, k)
        found[f"recall@{k}"] = recall(hits, wanted, k)
        found[f"map@{k}"] = average_precision(hits, wanted, k)
        found[f"mrr@{k}"] = reciprocal_rank(hits, k)
        found[f"ndcg@{k}"] = ndcg(hits, wanted, k)
    return found


def coverage(rankings: Sequence[Rows], products: int, k: int) -> float:
    """Share of the catalogue that is in the first ``k`` of some ranking."""
    if not len(rankings):
        return 0.0
    return len(np.unique(np.concatenate([rows[:k] for rows in rankings]))) / max(products, 1)
