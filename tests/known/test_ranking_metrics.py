"""Ranking metrics against hand-computed answers and against ranx."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation import intervals, metrics


def test_a_hand_computed_case() -> None:
    hits = metrics.hits_of([np.array([7, 3, 9], np.int32)], [np.array([3, 4], np.int32)])
    assert metrics.hit_rate(hits, 5).tolist() == [1.0]
    assert metrics.reciprocal_rank(hits, 5).tolist() == [0.5]
    expected = (1 / np.log2(3)) / (1 + 1 / np.log2(3))
    assert metrics.ndcg(hits, np.array([2]), 5) == pytest.approx([expected])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("k", [5, 10, 20])
def test_ranx_agrees(k: int) -> None:
    from ranx import Qrels, Run, evaluate

    rng = np.random.default_rng(k)
    rankings = [rng.permutation(60)[:20].astype(np.int32) for _ in range(30)]
    targets = [rng.permutation(60)[: rng.integers(1, 25)].astype(np.int32) for _ in range(30)]
    qrels = Qrels({f"q{q}": {f"d{d}": 1 for d in rows} for q, rows in enumerate(targets)})
    run = Run({f"q{q}": {f"d{d}": 20.0 - place for place, d in enumerate(rows)} for q, rows in enumerate(rankings)})
    theirs = evaluate(qrels, run, [f"hit_rate@{k}", f"mrr@{k}", f"ndcg@{k}"])
    hits, wanted = metrics.hits_of(rankings, targets), np.array([len(rows) for rows in targets])
    assert metrics.hit_rate(hits, k).mean() == pytest.approx(theirs[f"hit_rate@{k}"])
    assert metrics.reciprocal_rank(hits, k).mean() == pytest.approx(theirs[f"mrr@{k}"])
    assert metrics.ndcg(hits, wanted, k).mean() == pytest.approx(theirs[f"ndcg@{k}"])


def test_an_interval_holds_its_value_and_narrows_with_more_questions() -> None:
    rng = np.random.default_rng(0)
    few, many = intervals.mean(rng.random(50)), intervals.mean(rng.random(5_000))
    for estimate in (few, many):
        assert estimate.low < estimate.value < estimate.high
    assert many.high - many.low < few.high - few.low
