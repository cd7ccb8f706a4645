"""Asking an algorithm the questions of a slot, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, Rows
from recommender.evaluation import intervals, metrics
from recommender.evaluation.tasks import Question


@dataclass(frozen=True)
class Verdict:
    """How an algorithm did on the questions of one slot.

    Attributes:
        per_question: metric to one value a question, in the order of the questions: two verdicts on the same can be subtracted.
        estimates: metric to its figure with interval, coverage included.
        seconds: of each answer, as a clock on the wall saw it.
        processor_seconds: of each answer, the processor's time of this thread alone: what a busy machine does not change.
    """

    per_question: dict[str, NDArray[np.float64]]
    estimates: dict[str, intervals.Estimate]
    seconds: NDArray[np.float64]
    processor_seconds: NDArray[np.float64]

    def as_json(self) -> dict[str, dict[str, float | int]]:
        """For ``ModelVersion.metrics``."""
        return {name: estimate.as_json() for name, estimate in self.estimates.items()}


def shown(algorithm: Algorithm, question: Question) -> Rows:
    """The first 20 as a slate would show them: without what the page shows already."""
    visible = question.context.acts
    ranking = algorithm.recommend(question.context, metrics.DEEPEST + len(visible)).products
    return ranking[~np.isin(ranking, visible)][: metrics.DEEPEST] if len(visible) else ranking


def judge(algorithm: Algorithm, questions: Sequence[Question], products: int, *, seed: int = 0) -> Verdict:
    """Ask every question and measure."""
    rankings, seconds, processor = [], [], []
    for question in questions:
        started, of_thread = time.perf_counter(), time.thread_time()
        rankings.append(shown(algorithm, question))
        processor.append(time.thread_time() - of_thread)
        seconds.append(time.perf_counter() - started)
    values = metrics.per_question(rankings, [question.targets for question in questions])
    estimates = {name: intervals.mean(of_each, seed=seed) for name, of_each in values.items()}
    for k in metrics.CUTS:
        estimates[f"coverage@{k}"] = intervals.of(
            lambda drawn, k=k: metrics.coverage([rankings[row] for row in drawn.tolist()], products, k),  # type: ignore[misc]
            len(rankings),
            seed=seed,
        )
    return Verdict(values, estimates, np.array(seconds), np.array(processor))


def difference(one: Verdict, other: Verdict, metric: str, *, seed: int = 0) -> intervals.Estimate:
    """How much ``one`` is better than ``other`` on the same questions, paired, with interval."""
    return intervals.mean(one.per_question[metric] - other.per_question[metric], seed=seed)
