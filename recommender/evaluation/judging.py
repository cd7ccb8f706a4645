"""Asking an algorithm the questions of a slot, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.asking import Recommender, Rows
from recommender.evaluation import beyond, intervals, metrics, paired, segments
from recommender.evaluation.beyond import Background
from recommender.evaluation.tasks import Question

# The share of answers, and the least number, that are asked twice because they took longest.
ASKED_TWICE, LEAST_ASKED_TWICE = 0.05, 5
# Places that the figures beyond accuracy look at.
SHOWN = 10


@dataclass(frozen=True)
class Verdict:
    """How an algorithm did on the questions of one slot.

    Attributes:
        per_question: metric to one value a question, in the order of the questions: two verdicts on the same can be subtracted.
        estimates: metric to its figure with interval, coverage included.
        seconds: of each answer, as a clock on the wall saw it.
        processor_seconds: of each answer, the processor's time of this thread alone: what a busy machine does not change.
        by_segment: segment to metric to its figure with interval.
    """

    per_question: dict[str, NDArray[np.float64]]
    estimates: dict[str, intervals.Estimate]
    seconds: NDArray[np.float64]
    processor_seconds: NDArray[np.float64]
    by_segment: dict[str, dict[str, intervals.Estimate]] = field(default_factory=dict)

    def as_json(self) -> dict[str, dict[str, float | int]]:
        """For ``ModelVersion.metrics``; what nothing was asked for is not known, and absent."""
        return {name: estimate.as_json() for name, estimate in self.estimates.items() if estimate.n}

    def segments_as_json(self) -> dict[str, Any]:
        """For ``ModelVersion.segments``."""
        return {
            segment: {name: estimate.as_json() for name, estimate in found.items()}
            for segment, found in self.by_segment.items()
        }


def shown(algorithm: Recommender, question: Question) -> Rows:
    """The first 20 as a slate would show them: without what the page shows already."""
    visible = question.context.acts
    ranking = algorithm.recommend(question.context, metrics.DEEPEST + len(visible)).products
    return ranking[~np.isin(ranking, visible)][: metrics.DEEPEST] if len(visible) else ranking


def judge(algorithm: Recommender, questions: Sequence[Question], background: Background, *, seed: int = 0) -> Verdict:
    """Ask every question and measure."""
    rankings: list[Rows] = []
    times = np.empty((len(questions), 2))
    for number, question in enumerate(questions):
        ranking, times[number] = _timed(algorithm, question)
        rankings.append(ranking)
    # A kernel that was compiled or a page read from disk is slow once: what stays slow is the algorithm.
    slowest = max(LEAST_ASKED_TWICE, int(ASKED_TWICE * len(questions)))
    for number in np.argsort(times[:, 1])[-slowest:] if len(questions) else ():
        times[number] = np.minimum(times[number], _timed(algorithm, questions[number])[1])
    values = metrics.per_question(rankings, [question.targets for question in questions])
    table = beyond.table_of(rankings, metrics.DEEPEST)
    values |= _beyond(table, questions, background)
    estimates = intervals.means(values, seed=seed) | _of_all(table, background, seed)
    apart = segments.estimates(rankings, questions, values, background, seed=seed) if len(questions) else {}
    return Verdict(values, estimates, times[:, 0], times[:, 1], apart)


def _timed(algorithm: Recommender, question: Question) -> tuple[Rows, tuple[float, float]]:
    """The answer, and its seconds on the wall and of this thread's processor."""
    started, of_thread = time.perf_counter(), time.thread_time()
    ranking = shown(algorithm, question)
    return ranking, (time.perf_counter() - started, time.thread_time() - of_thread)


def _beyond(table: Rows, questions: Sequence[Question], background: Background) -> dict[str, NDArray[np.float64]]:
    pasts = [np.concatenate([question.context.history, question.context.acts]) for question in questions]
    return {
        f"novelty@{SHOWN}": beyond.novelty(table, background, SHOWN),
        f"diversity@{SHOWN}": beyond.diversity(table, background, SHOWN),
        f"miscalibration@{SHOWN}": beyond.miscalibration(table, pasts, background, SHOWN),
    }


def _of_all(table: Rows, background: Background, seed: int) -> dict[str, intervals.Estimate]:
    """Figures of all answers together."""
    found = {}
    for k in metrics.CUTS:
        for name, figure in (("coverage", beyond.coverage), ("gini", beyond.gini)):
            if name == "coverage" or k == SHOWN:
                found[f"{name}@{k}"] = intervals.of(
                    lambda drawn, k=k, figure=figure: figure(  # type: ignore[misc]
                        beyond.exposures(table[drawn], background.products, k)
                    ),
                    len(table),
                    seed=seed,
                )
    return found


def difference(one: Verdict, other: Verdict, metric: str, *, seed: int = 0) -> intervals.Estimate:
    """How much ``one`` is better than ``other`` on the same questions, paired, with interval."""
    return paired.compare(one.per_question[metric], other.per_question[metric], seed=seed).estimate
