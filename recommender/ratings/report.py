"""The report of a file of ratings: cleaned, split in time, every rater fitted, and what came of it as data and as one page."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from django.template.loader import render_to_string
from numpy.typing import NDArray

from recommender.evaluation import intervals, metrics
from recommender.ratings import RATERS
from recommender.ratings.base import Rater
from recommender.ratings.cleaning import Removal
from recommender.ratings.measures import measure
from recommender.ratings.splitting import in_time, warm
from recommender.ratings.table import Ratings, Values
from shop import clock

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
USERS, CANDIDATES = 200, 2_000
BINS = 17


def make(
    ratings: Ratings,
    removals: Sequence[Removal],
    name: str,
    *,
    say: Callable[[str], None] = lambda line: None,
    only: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Everything that the page shows, JSON.

    Raises:
        ValueError: the ratings cannot be split in time.
        UnknownPlugin: a rater of ``only`` is not registered.
    """
    train, test = in_time(ratings)
    say(f"{len(ratings)} ratings; {len(train)} to learn from, {len(test)} later ones to predict")
    known = warm(train, test)
    rows, predictions = [], {}
    names = list(only or RATERS.names())
    for number, rater_name in enumerate(names, 1):
        began = time.perf_counter()
        rater = RATERS.get(rater_name)().fit(train)
        predictions[rater_name] = rater.predict(test.user, test.item, test.at)
        rows.append(_row(rater, predictions[rater_name], train, test, known, time.perf_counter() - began))
        rmse = rows[-1]["all"]["rmse"]
        say(f"{number}/{len(names)} {rater_name}: RMSE {rmse['value']:.4f} ({rmse['low']:.4f} to {rmse['high']:.4f})")
    rows.sort(key=lambda row: row["all"]["rmse"]["value"])
    best = rows[0]["name"]
    say(f"learning curve of {best}")
    return {
        "file": name,
        "made_at": clock.now().isoformat(timespec="seconds"),
        "ratings": len(ratings),
        "users": ratings.users,
        "items": ratings.items,
        "filled": round(len(ratings) / (ratings.users * ratings.items), 5),
        "scale": [ratings.low, ratings.high],
        "cleaning": [asdict(removal) for removal in removals],
        "train": len(train),
        "test": len(test),
        "known_users": round(float(known[0].mean()), 4),
        "known_items": round(float(known[1].mean()), 4),
        "raters": rows,
        "best": best,
        "actual": _by_rating(test.value, predictions[best]),
        "residuals": _residuals(test.value - predictions[best]),
        "learning": _learning(best, train, test),
    }


def _row(
    rater: Rater,
    predicted: Values,
    train: Ratings,
    test: Ratings,
    known: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    seconds: float,
) -> dict[str, Any]:
    parts = {
        "all": np.ones(len(test), np.bool_),
        "known": known[0] & known[1],
        "cold_user": ~known[0],
        "cold_item": ~known[1],
    }
    figures = {
        part: {metric: estimate.as_json() for metric, estimate in measure(test.value[rows], predicted[rows]).items()}
        if rows.sum() > 1 and np.ptp(test.value[rows]) > 0
        else None
        for part, rows in parts.items()
    }
    told = {"name": rater.name, "label": rater.label, "source": rater.source, "params": rater.params()}
    return {**told, "seconds": round(seconds, 2), **figures, "top": _top(rater, train, test)}


def _top(rater: Rater, train: Ratings, test: Ratings, *, seed: int = 0) -> dict[str, Any]:
    """How lists by predicted rating do: hits are later ratings in the upper part of the scale, of users known before."""
    good = test.value >= train.low + 0.7 * (train.high - train.low)
    counts = train.counts()
    users = np.intersect1d(test.user[good], np.flatnonzero(counts[0] >= 5))
    users = np.random.default_rng(seed).permutation(users)[:USERS]
    items = np.sort(np.argsort(-counts[1], kind="stable")[:CANDIDATES]).astype(np.int32)
    rankings, targets = [], []
    for user in users.tolist():
        left = np.setdiff1d(items, train.item[train.user == user]).astype(np.int32)
        scores = rater.predict(np.full(len(left), user, np.int32), left)
        rankings.append(left[np.argsort(-scores, kind="stable")])
        targets.append(test.item[good & (test.user == user)])
    values = metrics.per_question(rankings, targets)
    found = {name: intervals.mean(values[name]).as_json() for name in ("ndcg@10", "mrr@10", "hr@10")}
    return {"users": len(users), **found}


def _by_rating(actual: Values, predicted: Values) -> list[dict[str, float]]:
    """Of each rating given (a fifth of the scale where there are many): how many, and the spread of what was predicted."""
    values = np.unique(actual)
    edges = values if len(values) <= 10 else np.unique(np.quantile(actual, np.linspace(0, 1, 6))[:-1])
    group = np.searchsorted(edges, actual, side="right") - 1
    rows = []
    for number in np.unique(group).tolist():
        told = predicted[group == number]
        low, middle, high = np.quantile(told, [0.1, 0.5, 0.9])
        of = float(actual[group == number].mean())
        rows.append(
            {"actual": of, "n": len(told), "mean": float(told.mean()), "low": low, "median": middle, "high": high}
        )
    return [{key: round(float(value), 3) for key, value in row.items()} for row in rows]


def _residuals(errors: Values) -> list[dict[str, float]]:
    reach = float(np.abs(errors).max()) or 1.0
    counts, edges = np.histogram(errors, BINS, (-reach, reach))
    return [
        {"from": round(float(low), 3), "to": round(float(high), 3), "n": int(n)}
        for n, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    ]


def _learning(name: str, train: Ratings, test: Ratings, *, seed: int = 0) -> list[dict[str, float]]:
    """Error on what was learned and on what came later, from growing random parts of the training ratings."""
    order = np.random.default_rng(seed).permutation(len(train))
    found = []
    for share in SHARES:
        part = train.take(np.sort(order[: max(int(share * len(train)), 1)]))
        rater = RATERS.get(name)().fit(part)
        own, later = (
            float(np.sqrt(np.mean((asked.value - rater.predict(asked.user, asked.item, asked.at)) ** 2)))
            for asked in (part, test)
        )
        found.append({"ratings": len(part), "train": round(own, 4), "test": round(later, 4)})
    return found


# The page -------------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT = 640.0, 240.0


def page(found: dict[str, Any]) -> str:
    """One HTML page that needs nothing else."""
    return render_to_string("recommender/ratings_report.html", {"found": found, "pictures": _pictures(found)})


def _scaled(value: float, low: float, high: float, length: float) -> float:
    return round(length * (value - low) / ((high - low) or 1.0), 1)


def _pictures(found: dict[str, Any]) -> dict[str, Any]:
    """Coordinates of marks, in a box of WIDTH by HEIGHT."""
    low, high = found["scale"]
    forest = [row["all"]["rmse"] for row in found["raters"]]
    least, most = min(e["low"] for e in forest), max(e["high"] for e in forest)
    top = max((row["n"] for row in found["residuals"]), default=1) or 1
    curve = found["learning"]
    errors = [row[key] for row in curve for key in ("train", "test")]
    floor, ceiling = min(errors) * 0.95, max(errors) * 1.05

    def line(key: str) -> str:
        places = ((_scaled(r["ratings"], 0, curve[-1]["ratings"], WIDTH), r[key]) for r in curve)
        return " ".join(f"{x},{HEIGHT - _scaled(y, floor, ceiling, HEIGHT)}" for x, y in places)

    return {
        "rmse": [
            {
                "y": 12 + 22 * n,
                "label": row["label"],
                **{key: 180 + _scaled(e[key], least, most, 440) for key in ("low", "value", "high")},
            }
            for n, (row, e) in enumerate(zip(found["raters"], forest, strict=True))
        ],
        "rmse_height": 22 * len(forest) + 8,
        "rmse_ends": [round(least, 3), round(most, 3)],
        "actual": [
            {key: HEIGHT - _scaled(row[key], low, high, HEIGHT) for key in ("low", "median", "high")}
            | {"x": 20 + _scaled(row["actual"], low, high, WIDTH - 40)}
            for row in found["actual"]
        ],
        "residuals": [
            {
                "x": round(n * WIDTH / BINS, 1),
                "height": _scaled(row["n"], 0, top, HEIGHT),
                "y": HEIGHT - _scaled(row["n"], 0, top, HEIGHT),
            }
            for n, row in enumerate(found["residuals"])
        ],
        "bar": round(WIDTH / BINS - 2, 1),
        "train": line("train"),
        "test": line("test"),
        "curve_ends": [round(floor, 3), round(ceiling, 3)],
    }
