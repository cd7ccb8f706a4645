"""Figures apart for whom little is known, and for products of which little is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.asking import Rows
from recommender.evaluation import intervals, metrics
from recommender.evaluation.beyond import Background
from recommender.evaluation.tasks import Question

COLD = 5
REGULAR = 50
# What is told of a segment.
SHOWN = ("ndcg@10", "hr@10", "recall@10", "mrr@10")
SEGMENTS = ("cold_shoppers", "light_shoppers", "regular_shoppers", "cold_products", "known_products")


def shoppers(questions: Sequence[Question]) -> dict[str, NDArray[np.bool_]]:
    """Segment to (questions,) who belongs to it, by the interactions before: under 5 cold, under 50 light, else regular."""
    events = np.array([question.events for question in questions], np.int64)
    cold, light = events < COLD, (events >= COLD) & (events < REGULAR)
    return {"cold_shoppers": cold, "light_shoppers": light, "regular_shoppers": events >= REGULAR}


def products(questions: Sequence[Question], background: Background) -> dict[str, list[Rows]]:
    """Segment to the targets of each question that belong to it: products with under 5 interactions before, and the others."""
    cold = background.popularity < COLD
    return {
        "cold_products": [question.targets[cold[question.targets]] for question in questions],
        "known_products": [question.targets[~cold[question.targets]] for question in questions],
    }


def estimates(
    rankings: Sequence[Rows],
    questions: Sequence[Question],
    per_question: dict[str, NDArray[np.float64]],
    background: Background,
    *,
    seed: int = 0,
) -> dict[str, dict[str, intervals.Estimate]]:
    """Segment to metric to figure with interval; segments without a question are left out."""
    found = {}
    for name, members in shoppers(questions).items():
        if members.any():
            found[name] = intervals.means({metric: per_question[metric][members] for metric in SHOWN}, seed=seed)
    for name, targets in products(questions, background).items():
        asked = [row for row, wanted in enumerate(targets) if len(wanted)]
        if asked:
            values = metrics.per_question([rankings[row] for row in asked], [targets[row] for row in asked])
            found[name] = intervals.means({metric: values[metric] for metric in SHOWN}, seed=seed)
    return found
