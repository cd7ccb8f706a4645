"""Ratings and rankings on a MovieLens ``u.data``: ``python -m benchmarks.ratings --ratings FILE``.

Ratings: MSE, RMSE, MAE and R2 in five random folds, to compare with published tables, and split in time, which is the truth.
Rankings: :mod:`benchmarks.rankings`.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import rankings
from benchmarks.reporting import report
from benchmarks.sessions import set_up

if TYPE_CHECKING:
    from recommender.ratings.table import Ratings

FOLDS = 5
UNITS = {"mse": "stars squared", "r2": "share"}
# Forest and network are left out for the time that they take; ``manage.py ratings_report`` fits them too.
RATED = ("global_mean", "biases", "user_knn", "item_knn", "svdpp", "bayesian_factors", "linear", "tree", "boosting")


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
            rankings.measure(ratings)
        if given.only != "ranking":
            for name in RATED:
                rate(name, [in_time(ratings)], "time")
                rate(name, list(in_folds(ratings, FOLDS)), "folds")
        report("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
