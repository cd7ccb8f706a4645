"""Ranking metrics against hand-computed answers and against second implementations, to 1e-9."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.metrics import average_precision_score, ndcg_score
from sklearn.metrics.pairwise import cosine_similarity

from recommender.evaluation import beyond, intervals, metrics
from recommender.evaluation.beyond import Background

CLOSE = {"abs": 1e-9, "rel": 1e-9}
PATHS = ("food", "food/tea", "food/tea/green", "food/wine", "home/soap")


def test_a_hand_computed_case() -> None:
    hits = metrics.hits_of([np.array([7, 3, 9, 4], np.int32)], [np.array([3, 4, 5], np.int32)])
    wanted = np.array([3])
    assert metrics.hit_rate(hits, 5).tolist() == [1.0]
    assert metrics.reciprocal_rank(hits, 5).tolist() == [0.5]
    assert metrics.precision(hits, 5) == pytest.approx([2 / 5])
    assert metrics.recall(hits, wanted, 5) == pytest.approx([2 / 3])
    assert metrics.average_precision(hits, wanted, 5) == pytest.approx([(1 / 2 + 2 / 4) / 3])
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert metrics.ndcg(hits, wanted, 5) == pytest.approx([(1 / np.log2(3) + 1 / np.log2(5)) / ideal])


@st.composite
def asked(draw):
    """Rankings and targets of a few questions, short and long, with and without a hit."""
    questions = draw(st.integers(1, 6))
    seed = draw(st.integers(0, 2**32 - 1))
    products = draw(st.integers(5, 60))
    rng = np.random.default_rng(seed)
    rankings = [
        rng.permutation(products)[: rng.integers(1, min(products, 25) + 1)].astype(np.int32) for _ in range(questions)
    ]
    targets = [
        rng.permutation(products)[: rng.integers(1, min(products, 25) + 1)].astype(np.int32) for _ in range(questions)
    ]
    return products, rankings, targets


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=40, deadline=None)
@given(asked())
def test_ranx_agrees_on_every_question(case) -> None:
    from ranx import Qrels, Run, evaluate

    _, rankings, targets = case
    qrels = Qrels({f"q{q}": {f"d{d}": 1 for d in rows} for q, rows in enumerate(targets)})
    run = Run(
        {
            f"q{q}": {f"d{d}": float(len(rows) - place) for place, d in enumerate(rows)}
            for q, rows in enumerate(rankings)
        }
    )
    names = {"hr": "hit_rate", "precision": "precision", "recall": "recall", "map": "map", "mrr": "mrr", "ndcg": "ndcg"}
    wanted = [f"{theirs}@{k}" for theirs in names.values() for k in metrics.CUTS]
    evaluate(qrels, run, wanted, return_mean=False)
    mine = metrics.per_question(rankings, targets)
    for name, theirs in names.items():
        for k in metrics.CUTS:
            scores = [run.scores[f"{theirs}@{k}"][f"q{q}"] for q in range(len(rankings))]
            assert mine[f"{name}@{k}"] == pytest.approx(scores, **CLOSE), f"{name}@{k}"


@settings(max_examples=40, deadline=None)
@given(asked())
def test_scikit_learn_agrees_where_it_has_the_metric(case) -> None:
    products, rankings, targets = case
    mine = metrics.per_question(rankings, targets)
    for row, (ranking, wanted) in enumerate(zip(rankings, targets, strict=True)):
        first = ranking[:20]
        truth, scores = np.zeros(products), np.zeros(products)
        truth[wanted] = 1
        scores[first] = np.arange(len(first), 0, -1)
        if products > 1 and len(first) == min(20, products):
            assert mine["ndcg@5"][row] == pytest.approx(ndcg_score([truth], [scores], k=5), **CLOSE)
        if len(first) == products:
            assert mine["map@20"][row] == pytest.approx(average_precision_score(truth, scores), **CLOSE)


@st.composite
def shops(draw):
    products, rankings, targets = draw(asked())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    category = rng.integers(-1, len(PATHS), products).astype(np.int32)
    return Background(rng.integers(0, 30, products).astype(np.int64), category, PATHS), rankings, targets


def plain_gini(counts) -> float:
    """Mean absolute difference over twice the mean, as for a sample: by all pairs."""
    n, total = len(counts), sum(counts)
    if n < 2 or not total:
        return 0.0
    return sum(abs(a - b) for a in counts for b in counts) / (2 * (n - 1) * total)


def vector(path: str) -> list[float]:
    parts = path.split("/")
    above = {"/".join(parts[: depth + 1]) for depth in range(len(parts))}
    return [float(node in above) for node in ("food", "food/tea", "food/tea/green", "food/wine", "home", "home/soap")]


@settings(max_examples=60, deadline=None)
@given(shops(), st.sampled_from(metrics.CUTS))
def test_coverage_gini_novelty_and_diversity_are_those_of_a_plain_count(case, k) -> None:
    background, rankings, _ = case
    table = beyond.table_of(rankings, metrics.DEEPEST)
    counts = beyond.exposures(table, background.products, k)
    plain = [sum(product in row[:k].tolist() for row in rankings) for product in range(background.products)]
    assert counts.tolist() == plain
    assert beyond.coverage(counts) == pytest.approx(metrics.coverage(rankings, background.products, k), **CLOSE)
    assert beyond.gini(counts) == pytest.approx(plain_gini(plain), **CLOSE)
    total = sum(background.popularity.tolist()) + background.products
    novelty, diversity = beyond.novelty(table, background, k), beyond.diversity(table, background, k)
    for row, ranking in enumerate(rankings):
        first = ranking[:k].tolist()
        bits = [-math.log2((int(background.popularity[product]) + 1) / total) for product in first]
        assert novelty[row] == pytest.approx(sum(bits) / len(bits), **CLOSE)
        vectors = [
            vector(PATHS[background.category[product]]) if background.category[product] >= 0 else [0.0] * 6
            for product in first
        ]
        if len(first) < 2:
            assert math.isnan(diversity[row])
            continue
        alike = cosine_similarity(vectors)
        apart = [1 - alike[one, other] for one in range(len(first)) for other in range(len(first)) if one != other]
        assert diversity[row] == pytest.approx(float(np.mean(apart)), **CLOSE)


@settings(max_examples=60, deadline=None)
@given(shops(), st.sampled_from(metrics.CUTS))
def test_calibration_is_the_divergence_that_scipy_finds(case, k) -> None:
    background, rankings, pasts = case
    found = beyond.miscalibration(beyond.table_of(rankings, metrics.DEEPEST), pasts, background, k)
    for row, (ranking, past) in enumerate(zip(rankings, pasts, strict=True)):

        def shares(products):
            tops = [PATHS[c].split("/")[0] for c in background.category[products].tolist() if c >= 0]
            return np.array([tops.count("food"), tops.count("home")]) / len(tops) if tops else None

        before, now = shares(past), shares(ranking[:k])
        if before is None or now is None:
            assert math.isnan(found[row])
        else:
            assert found[row] == pytest.approx(float(entropy(before, 0.99 * now + 0.01 * before)), **CLOSE)
            assert found[row] >= -1e-12


def test_an_interval_holds_its_value_and_narrows_with_more_questions() -> None:
    rng = np.random.default_rng(0)
    few, many = intervals.mean(rng.random(50)), intervals.mean(rng.random(5_000))
    for estimate in (few, many):
        assert estimate.low < estimate.value < estimate.high
    assert many.high - many.low < few.high - few.low


def test_an_interval_is_about_that_of_scipy_s_bootstrap() -> None:
    from scipy.stats import bootstrap

    values = np.random.default_rng(3).exponential(size=400)
    theirs = bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    mine = intervals.mean(values)
    assert mine.low == pytest.approx(theirs.low, abs=0.01)
    assert mine.high == pytest.approx(theirs.high, abs=0.01)


def test_an_interval_holds_the_truth_about_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(5)
    found = [intervals.mean(rng.exponential(size=200), seed=seed) for seed in range(200)]
    assert 0.88 < sum(estimate.low <= 1 <= estimate.high for estimate in found) / 200 <= 1


def test_questions_without_a_value_count_for_nothing() -> None:
    known = np.array([1.0, 0.0, 1.0, 1.0])
    told = intervals.means({"some": np.array([1.0, np.nan, 0.0, np.nan]), "all": known, "none": np.full(4, np.nan)})
    assert (told["some"].value, told["some"].n) == (0.5, 2)
    assert (told["all"].value, told["all"].n) == (0.75, 4)
    assert told["none"] == intervals.UNKNOWN
