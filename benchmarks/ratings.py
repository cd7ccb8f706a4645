"""Ratings and rankings on a MovieLens ``u.data``: ``python -m benchmarks.ratings --ratings FILE``.

Ratings: MSE, RMSE, MAE and R2 in five random folds, to compare with published tables, and split in time, which is the truth.
Rankings: :mod:`benchmarks.rankings`.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import rankings
from benchmarks.reporting import own_settings, report

if TYPE_CHECKING:
    from recommender.ratings.base import Rater
    from recommender.ratings.table import Ratings

FOLDS = 5
UNITS = {"mse": "stars squared", "r2": "share"}

LEAK_SEED = 11


def fitted(name: str, train: Ratings, split: str) -> Rater:
    """A rater; in random folds it is told that questions stand in the middle of what is known."""
    from recommender.ratings import RATERS
    from recommender.ratings.blend import Blend
    from recommender.ratings.regression import Regression

    kind = RATERS.get(name)
    mind = split == "folds" and issubclass(kind, Regression | Blend)
    given: dict[str, Any] = {"known": "others"} if mind else {}
    return kind(**given).fit(train)


def rate(name: str, splits: list[tuple[Ratings, Ratings]], split: str) -> None:
    """One rater on all folds of a split, and on the first with the stars it learns from shuffled."""
    from recommender.ratings.measures import measure

    actual, predicted = [], []
    began, used = time.perf_counter(), time.process_time()
    for train, test in splits:
        predicted.append(fitted(name, train, split).predict(test.user, test.item, test.at))
        actual.append(test.value)
    context = {"model": name, "split": split, "wall_seconds": round(time.perf_counter() - began, 1)}
    spent = (time.process_time() - used) / len(splits)
    for metric, estimate in measure(np.concatenate(actual), np.concatenate(predicted)).items():
        bounds = {"low": round(estimate.low, 4), "high": round(estimate.high, 4), "n": estimate.n}
        report(metric.upper(), estimate.value, UNITS.get(metric, "stars"), **bounds, **context)
    report("fit_seconds", spent, "s", **context)
    report("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB", **context)
    train, test = splits[0]
    mixed = replace(train, value=np.random.default_rng(LEAK_SEED).permutation(train.value))
    told = fitted(name, mixed, split).predict(test.user, test.item, test.at)
    report(
        "RMSE_shuffled_targets", float(np.sqrt(np.mean((test.value - told) ** 2))), "stars", leak_check=True, **context
    )


def rate_all(ratings: Ratings, names: Sequence[str]) -> None:
    """Every rater, in time and in folds, each in a process of its own so that its memory is its own."""
    import multiprocessing

    from recommender.ratings.splitting import in_folds, in_time

    for name in names:
        if name == "content" and not any(ratings.texts):
            print("content: skipped: the file says nothing about items", file=sys.stderr)
            continue
        for split, parts in (("time", [in_time(ratings)]), ("folds", list(in_folds(ratings, FOLDS)))):
            child = multiprocessing.get_context("fork").Process(target=rate, args=(name, parts, split))
            child.start()
            child.join()
            if child.exitcode:
                raise RuntimeError(f"{name} ended with {child.exitcode}")


# The article's formulas and the standard ones: rater, and what it is given.
VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(
        (name, {"k": 40, "shrink": 50.0, "damp": 0.0, "likeness": likeness, "mean": mean})
        for name in ("user_knn", "item_knn")
        for likeness, mean in (
            ("dot_capped", "sum"),
            ("cosine", "sum"),
            ("dot_capped", "mean_centred"),
            ("cosine", "mean_centred"),
            ("adjusted_cosine", "mean_centred"),
            ("pearson", "mean_centred"),
            ("adjusted_cosine", "baseline"),
            ("pearson_baseline", "baseline"),
        )
    ),
    *(
        ("content", {"weighting": weighting, "likeness": likeness})
        for weighting in ("counts", "tfidf", "article")
        for likeness in ("cosine", "article")
    ),
)


def compare_with_the_article(ratings: Ratings) -> None:
    """Each of the article's formulas beside the standard ones: RMSE in folds and in time."""
    from recommender.ratings import RATERS
    from recommender.ratings.measures import measure
    from recommender.ratings.splitting import in_folds, in_time

    for split, parts in (("folds", list(in_folds(ratings, FOLDS))), ("time", [in_time(ratings)])):
        for name, given in VARIANTS:
            if name == "content" and not any(ratings.texts):
                continue
            told = [RATERS.get(name)(**given).fit(learn).predict(ask.user, ask.item, ask.at) for learn, ask in parts]
            found = measure(np.concatenate([ask.value for _, ask in parts]), np.concatenate(told))["rmse"]
            bounds = {"low": round(found.low, 4), "high": round(found.high, 4)}
            report("RMSE", found.value, "stars", model=name, split=split, **bounds, **given)


def main() -> int:
    """Measure; 1 when the file is missing or broken."""
    parser = argparse.ArgumentParser(description="Ratings and rankings on a MovieLens u.data")
    parser.add_argument(
        "--ratings",
        type=Path,
        help="u.data, or a .csv as ratings_report reads it",
    )
    parser.add_argument("--model", action="append", metavar="RATER", help="this rater; may be given several times")
    parser.add_argument("--only", choices=("ratings", "ranking", "article"), help="a part of it")
    parser.add_argument("--json", action="store_true", help="only JSON lines, which is how it always answers")
    given = parser.parse_args()
    if given.ratings is None:
        print("skipped: --ratings names no u.data; docs/benchmarks.md says where to get it", file=sys.stderr)
        return 0
    with own_settings():
        from recommender.ratings import RATERS
        from recommender.ratings.cleaning import clean
        from recommender.ratings.reading import BadFile, read_csv, read_udata
        from shop.registry import UnknownPlugin

        try:
            for name in given.model or ():
                RATERS.get(name)
            read = read_csv if given.ratings.suffix == ".csv" else read_udata
            ratings, _ = clean(read(given.ratings))
        except (BadFile, UnknownPlugin, ValueError) as error:
            print(error, file=sys.stderr)
            return 1
        if given.only in (None, "ranking"):
            rankings.measure(ratings)
        if given.only in (None, "ratings"):
            rate_all(ratings, given.model or RATERS.names())
        if given.only in (None, "article"):
            compare_with_the_article(ratings)
        report("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
