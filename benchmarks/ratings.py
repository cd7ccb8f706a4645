"""Ratings and rankings on a MovieLens ``u.data``: ``python -m benchmarks.ratings --ratings FILE``.

Ratings: MSE, RMSE, MAE and R2 in five random folds, to compare with published tables, and split in time, which is the truth.
Rankings: MAP and NDCG at 10 by the protocol of microsoft/recommenders (a quarter of each user's ratings at random; all items that
the user has not rated in the training part are ranked; every rating of the test part is a hit). The blend is chosen inside the
training part.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import report
from benchmarks.sessions import set_up

if TYPE_CHECKING:
    from recommender.ratings.table import Ratings

FOLDS = 5
UNITS = {"mse": "stars squared", "r2": "share"}
K = 10
# Forest and network are left out for the time that they take; ``manage.py ratings_report`` fits them too.
RATED = ("global_mean", "biases", "user_knn", "item_knn", "svdpp", "bayesian_factors", "linear", "tree", "boosting")
Scores = NDArray[np.float64]


def rate(name: str, splits: list[tuple[Ratings, Ratings]], split: str) -> None:
    """One rater on all folds of a split."""
    from recommender.ratings import RATERS
    from recommender.ratings.measures import measure
    from recommender.ratings.regression import Regression

    rater = RATERS.get(name)
    known: dict[str, Any] = {"known": "others"} if split == "folds" and issubclass(rater, Regression) else {}
    actual, predicted = [], []
    began, used = time.perf_counter(), time.process_time()
    for train, test in splits:
        predicted.append(rater(**known).fit(train).predict(test.user, test.item, test.at))
        actual.append(test.value)
    context = {"model": name, "split": split, "wall_seconds": round(time.perf_counter() - began, 1)}
    spent = (time.process_time() - used) / len(splits)
    for metric, estimate in measure(np.concatenate(actual), np.concatenate(predicted)).items():
        bounds = {"low": round(estimate.low, 4), "high": round(estimate.high, 4), "n": estimate.n}
        report(metric.upper(), estimate.value, UNITS.get(metric, "stars"), **bounds, **context)
    report("fit_seconds", spent, "s", **context)


def ease(train: Ratings, ridge: float) -> Scores:
    """(users, items) scores of EASE: ``X B``, ``B = I - P / diag(P)``, ``P = (X'X + ridge)^-1`` (Steck, WWW 2019, equation 8)."""
    seen = train.matrix(np.ones(len(train)))
    inverse = np.linalg.inv(np.asarray((seen.T @ seen).todense()) + ridge * np.eye(train.items))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    scores: Scores = seen @ weights
    return scores


def cosine(train: Ratings, power: float) -> Scores:
    """(users, items) scores of item-kNN: sum of cosines to what was rated, over the item's count to ``power``."""
    seen = train.matrix(np.ones(len(train)))
    counts = np.maximum(train.counts()[1].astype(np.float64), 1.0)
    both = np.asarray((seen.T @ seen).todense(), np.float64)
    alike = both / (np.sqrt(counts)[:, None] * counts[None, :] ** power)
    np.fill_diagonal(alike, 0.0)
    scores: Scores = seen @ alike
    return scores


def factors(train: Ratings, kind: str) -> Scores:
    """(users, items) scores of ALS or BPR by the library implicit."""
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    if kind == "als":
        model = AlternatingLeastSquares(
            factors=48, regularization=10.0, alpha=5.0, iterations=15, random_state=0, num_threads=1
        )
    else:
        model = BayesianPersonalizedRanking(
            factors=64, learning_rate=0.03, regularization=0.02, iterations=150, random_state=0, num_threads=1
        )
    model.fit(train.matrix(np.ones(len(train))).astype(np.float32), show_progress=False)
    scores: Scores = np.asarray(model.user_factors, np.float64) @ np.asarray(model.item_factors, np.float64).T
    return scores


def most_rated(train: Ratings) -> Scores:
    """(users, items) how often each item was rated."""
    return np.tile(train.counts()[1].astype(np.float64), (train.users, 1))


RANKERS: dict[str, Callable[[Ratings], Scores]] = {
    "popular": most_rated,
    "item_knn": lambda train: cosine(train, 0.5),
    "ease_100": lambda train: ease(train, 100.0),
    "ease_250": lambda train: ease(train, 250.0),
    "ease_500": lambda train: ease(train, 500.0),
    "als": lambda train: factors(train, "als"),
    "bpr": lambda train: factors(train, "bpr"),
}


def judge(scores: Scores, train: Ratings, test: Ratings) -> dict[str, Scores]:
    """One value a user: average precision over all that he rated (as microsoft/recommenders divides), and NDCG, at 10."""
    hidden = np.where(np.asarray(train.matrix(np.ones(len(train))).todense()) > 0, -np.inf, scores)
    first = np.argsort(-hidden, axis=1, kind="stable")[:, :K]
    wanted = test.matrix(np.ones(len(test)))
    counts = test.counts()[0]
    users = np.flatnonzero(counts)
    hits = np.asarray(wanted.todense())[users[:, None], first[users]] > 0
    places = np.arange(1, K + 1)
    precision = (hits * hits.cumsum(axis=1) / places).sum(axis=1)
    discount = 1 / np.log2(places + 1)
    ideal = np.cumsum(discount)[np.minimum(counts[users], K) - 1]
    return {
        f"MAP@{K}": precision / counts[users],
        f"NDCG@{K}": hits @ discount / ideal,
        f"precision@{K}": hits.mean(axis=1),
        f"recall@{K}": hits.sum(axis=1) / counts[users],
    }


def standardised(scores: Scores) -> Scores:
    """Scores of each user with mean 0 and spread 1, so that models can be added."""
    spread = scores.std(axis=1, keepdims=True)
    found: Scores = (scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    return found


def choose(train: Ratings) -> dict[str, float]:
    """Weights of the blend, found inside the training part: the best model first, then whatever adds, greedily."""
    from recommender.ratings.splitting import by_user

    learn, ask = by_user(train, seed=7)
    table = {name: standardised(scores(learn)) for name, scores in RANKERS.items()}
    weights: dict[str, float] = dict.fromkeys(table, 0.0)
    best, blend = -1.0, np.zeros_like(next(iter(table.values())))
    for _ in range(8):
        values = {name: float(judge(blend + one, learn, ask)[f"NDCG@{K}"].mean()) for name, one in table.items()}
        name = max(values, key=lambda key: values[key])
        if values[name] <= best:
            break
        best, blend = values[name], blend + table[name]
        weights[name] += 1.0
    return {name: weight for name, weight in weights.items() if weight}


def rank(ratings: Ratings) -> None:
    """Every ranker and the blend that validation chose."""
    from recommender.ratings.splitting import by_user

    train, test = by_user(ratings)
    began = time.process_time()
    weights = choose(train)
    chosen = time.process_time() - began
    table = {}
    for name, scores in RANKERS.items():
        began = time.process_time()
        table[name] = scores(train)
        told(name, table[name], train, test, seconds=round(time.process_time() - began, 1))
    blend = np.sum([weight * standardised(table[name]) for name, weight in weights.items()], axis=0)
    told(
        "blend",
        blend,
        train,
        test,
        weights=weights,
        seconds=round(chosen, 1),
        chosen_by="validation in the training part",
    )
    shuffled = judge(blend[np.random.default_rng(0).permutation(len(blend))], train, test)[f"NDCG@{K}"]
    report(
        f"NDCG@{K}_shuffled_users", float(shuffled.mean()), "share", model="blend", leak_check="of other users' lists"
    )


def told(name: str, scores: Scores, train: Ratings, test: Ratings, **more: Any) -> None:
    """Report one ranker."""
    from recommender.evaluation import intervals

    for metric, values in judge(scores, train, test).items():
        estimate = intervals.mean(values, seed=1)
        bounds = {"low": round(estimate.low, 4), "high": round(estimate.high, 4), "users": estimate.n}
        report(metric, estimate.value, "share", model=name, protocol="75/25 by user", **bounds, **more)


def main() -> int:
    """Measure; 1 when the file is missing or broken."""
    parser = argparse.ArgumentParser(description="Ratings and rankings on a MovieLens u.data")
    parser.add_argument("--ratings", type=Path, help="u.data: user, item, rating, seconds; tab between, no header")
    parser.add_argument("--only", choices=("ratings", "ranking"), help="one half of it")
    parser.add_argument("--json", action="store_true", help="only JSON lines, which is how it always answers")
    given = parser.parse_args()
    if given.ratings is None:
        print("skipped: --ratings names no u.data; docs/benchmarks.md says where to get it", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="pushcart-bench-") as data:
        set_up(Path(data))
        from recommender.ratings.cleaning import clean
        from recommender.ratings.reading import BadFile, read_udata
        from recommender.ratings.splitting import in_folds, in_time

        try:
            ratings, _ = clean(read_udata(given.ratings))
        except (BadFile, ValueError) as error:
            print(error, file=sys.stderr)
            return 1
        if given.only != "ratings":
            rank(ratings)
        if given.only != "ranking":
            for name in RATED:
                rate(name, [in_time(ratings)], "time")
                rate(name, list(in_folds(ratings, FOLDS)), "folds")
        report("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
