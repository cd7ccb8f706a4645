"""Weights of a blend: coordinate search for the order that ranks best what shoppers did next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.asking import Context, Ranking
from recommender.dataset import Dataset
from recommender.evaluation import metrics
from recommender.evaluation.tasks import Question, Questioner

GRID = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
ROUNDS = 2
# Popularity fills a slate; it does not lead it, whatever the metric would gain.
MOST_OF = {"popular": 0.1}
# Under this the difference is noise, and the simpler weight stands.
LEAST_GAIN = 0.0005


class Blended(Protocol):
    """A blend whose members have learned."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of its parts."""

    def candidates(self, context: Context) -> list[Ranking]:
        """What each part answers."""


def learn_weights(
    blend: Blended,
    dataset: Dataset,
    cut_ms: int,
    *,
    starts: Mapping[str, Sequence[float]],
    questions: int,
    least: int,
    seed: int,
) -> dict[str, list[float]]:
    """Weights of each slot, one a part, from what happened after ``cut_ms``.

    Slots with fewer than ``least`` questions are left out.

    Args:
        blend: its members have learned from before ``cut_ms`` only.
        starts: slot to the weights that the search begins with.
    """
    most = [MOST_OF.get(part, 1.0) for part in blend.parts]
    questioner = Questioner(dataset, cut_ms, seed=seed)
    found = {}
    for slot, start in starts.items():
        asked = questioner.ask(slot, questions)
        if len(asked) >= least:
            found[slot] = _search([blend.candidates(question.context) for question in asked], asked, start, most)
    return found


def _search(
    candidates: Sequence[Sequence[Ranking]],
    questions: Sequence[Question],
    start: Sequence[float],
    most: Sequence[float],
) -> list[float]:
    scores, hits, wanted = _table(candidates, questions)
    weights = np.array(start, np.float32)
    best = _value(scores, hits, wanted, weights)
    for _ in range(ROUNDS):
        for part in range(len(weights)):
            for weight in GRID:
                if weight > most[part]:
                    continue
                tried = weights.copy()
                tried[part] = weight
                value = _value(scores, hits, wanted, tried) if tried.any() else 0.0
                if value > best + LEAST_GAIN:
                    best, weights = value, tried
    return [float(weight) for weight in weights / weights.max()]


def _table(
    candidates: Sequence[Sequence[Ranking]], questions: Sequence[Question]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """Scores over the best of each part (questions, candidates, parts), whether each is a target, and the numbers of targets."""
    rows = []
    for parts, question in zip(candidates, questions, strict=True):
        products = np.unique(np.concatenate([ranking.products for ranking in parts]))
        products = products[~np.isin(products, question.context.acts)]
        table = np.zeros((len(products), len(parts)), np.float32)
        for part, ranking in enumerate(parts):
            kept = np.isin(ranking.products, products)
            if kept.any():
                at = np.searchsorted(products, ranking.products[kept])
                table[at, part] = ranking.scores[kept] / ranking.scores[0]
        rows.append((table, np.isin(products, question.targets)))
    most = max(len(table) for table, _ in rows)
    scores = np.zeros((len(rows), most, len(candidates[0])), np.float32)
    hits = np.zeros((len(rows), most), np.bool_)
    for row, (table, hit) in enumerate(rows):
        scores[row, : len(table)], hits[row, : len(table)] = table, hit
    return scores, hits, np.array([len(question.targets) for question in questions], np.int64)


def _value(
    scores: NDArray[np.float32], hits: NDArray[np.bool_], wanted: NDArray[np.int64], weights: NDArray[np.float32]
) -> float:
    total = scores @ weights
    depth = min(10, total.shape[1])
    first = np.argpartition(-total, depth - 1, axis=1)[:, :depth]
    order = np.take_along_axis(first, np.argsort(-np.take_along_axis(total, first, 1), axis=1, kind="stable"), 1)
    top = np.take_along_axis(hits, order, 1)
    return float(metrics.ndcg(top, wanted, depth).mean())
