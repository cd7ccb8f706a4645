"""The report of a file of ratings: cleaned, split in time, every rater fitted, and what came of it as data and as one page."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from django.template.loader import render_to_string
from django.utils import translation
from numpy.typing import NDArray

from recommender.dataset import NotEnoughData
from recommender.evaluation import intervals, metrics
from recommender.ratings import RATERS, drawing
from recommender.ratings.base import Rater
from recommender.ratings.cleaning import Removal
from recommender.ratings.measures import measure
from recommender.ratings.splitting import in_time, warm
from recommender.ratings.table import Ratings, Values
from shop import clock

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
USERS, CANDIDATES = 200, 2_000
BINS = 17
PARTS = ("known", "cold_user", "cold_item")
LISTED = ("ndcg@10", "mrr@10", "hr@10")


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
    rows, predictions, left_out = [], {}, []
    names = list(dict.fromkeys(only or RATERS.names()))
    for number, rater_name in enumerate(names, 1):
        say(f"{number}/{len(names)} {rater_name}: learning")
        began = time.perf_counter()
        try:
            rater = RATERS.get(rater_name)().fit(train)
        except NotEnoughData as error:
            left_out.append({"name": rater_name, "reason": str(error)})
            say(f"{number}/{len(names)} {rater_name}: left out: {error}")
            continue
        predictions[rater_name] = rater.predict(test.user, test.item, test.at)
        rows.append(_row(rater, predictions[rater_name], train, test, known, time.perf_counter() - began))
        if rows[-1]["all"]["rmse"]["value"] <= min(row["all"]["rmse"]["value"] for row in rows):
            foremost = rater
        rmse = rows[-1]["all"]["rmse"]
        took = f"{rows[-1]['seconds']:.1f} s"
        say(
            f"{number}/{len(names)} {rater_name}: RMSE {rmse['value']:.4f} ({rmse['low']:.4f} to {rmse['high']:.4f}), {took}"
        )
    if not rows:
        raise NotEnoughData(f"no model is left: {'; '.join(one['reason'] for one in left_out)}")
    rows.sort(key=lambda row: row["all"]["rmse"]["value"])
    best = rows[0]["name"]
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
        "parts": [{"name": name, "n": int(n)} for name, n in zip(PARTS, _sizes(known), strict=True)],
        "raters": rows,
        "left_out": left_out,
        "most_rated": _top(None, train, test),
        "best": best,
        "actual": _by_rating(test.value, predictions[best]),
        "residuals": _residuals(test.value - predictions[best]),
        "error_mean": round(float((test.value - predictions[best]).mean()), 4),
        "error_spread": round(float((test.value - predictions[best]).std()), 4),
        "learning": _learning(foremost, train, test, say),
    }


def _sizes(known: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> tuple[int, int, int]:
    """Ratings of each of ``PARTS``."""
    return (known[0] & known[1]).sum(), (~known[0]).sum(), (~known[1]).sum()


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


def _top(rater: Rater | None, train: Ratings, test: Ratings, *, seed: int = 0) -> dict[str, Any]:
    """How lists by predicted rating do: hits are later ratings in the upper part of the scale, of users known before.

    Args:
        rater: None: by how often items were rated, which is what has to be beaten.
    """
    good = test.value >= train.low + 0.7 * (train.high - train.low)
    counts = train.counts()
    users = np.intersect1d(test.user[good], np.flatnonzero(counts[0] >= 5))
    users = np.random.default_rng(seed).permutation(users)[:USERS]
    items = np.sort(np.argsort(-counts[1], kind="stable")[:CANDIDATES]).astype(np.int32)
    left = [np.setdiff1d(items, train.item[train.user == user]).astype(np.int32) for user in users.tolist()]
    if not left:
        return {"users": 0}
    # Asked all at once: neighbours are compared in blocks, whoever asks.
    asked = np.repeat(users, [len(rows) for rows in left]).astype(np.int32)
    of = np.concatenate(left)
    scores = rater.predict(asked, of) if rater else counts[1][of].astype(np.float64)
    bounds = np.cumsum([len(rows) for rows in left])[:-1]
    rankings = [
        rows[np.argsort(-told, kind="stable")] for rows, told in zip(left, np.split(scores, bounds), strict=True)
    ]
    targets = [test.item[good & (test.user == user)] for user in users.tolist()]
    values = metrics.per_question(rankings, targets)
    found = {name: intervals.mean(values[name]).as_json() for name in LISTED}
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


def _learning(
    whole: Rater, train: Ratings, test: Ratings, say: Callable[[str], None], *, seed: int = 0
) -> list[dict[str, float]]:
    """Error on what was learned and on what came later, with its interval, from growing random parts of the training ratings."""
    order = np.random.default_rng(seed).permutation(len(train))
    found = []
    for step, share in enumerate(SHARES, 1):
        say(f"learning curve of {whole.name}: {step}/{len(SHARES)}")
        part = train.take(np.sort(order[: max(int(share * len(train)), 1)]))
        rater = whole if share == 1 else RATERS.get(whole.name)().fit(part)
        own = float(np.sqrt(np.mean((part.value - rater.predict(part.user, part.item, part.at)) ** 2)))
        later = measure(test.value, rater.predict(test.user, test.item, test.at))["rmse"]
        bounds = {"test": later.value, "low": later.low, "high": later.high}
        found.append({"ratings": len(part), "train": round(own, 4)} | {k: round(v, 4) for k, v in bounds.items()})
    return found


# The page -------------------------------------------------------------------------------------------------------------


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    """A rater with its figures in the order of the columns."""
    figures = [row["all"][metric] for metric in ("rmse", "mse", "mae", "r2")]
    return row | {"figures": figures, "cold": [row[part] and row[part]["rmse"] for part in PARTS]}


def page(found: dict[str, Any], language: str = "en") -> str:
    """One HTML page that needs nothing else, in a language of the settings."""
    pictures = {
        "errors": drawing.errors(found["raters"]),
        "against": drawing.against(found["actual"], *found["scale"]),
        "residuals": drawing.bars(found["residuals"]),
        "learning": drawing.curve(found["learning"]),
    }
    found = found | {
        "raters": [_cells(row) for row in found["raters"]],
        "lists": [{"label": "", "top": found["most_rated"]}, *found["raters"]],
    }
    found["lists"] = [
        {"label": row["label"], "figures": [row["top"][metric] for metric in LISTED]}
        for row in found["lists"]
        if row["top"]["users"]
    ]
    with translation.override(language):
        told = {
            "found": found,
            "pictures": pictures,
            "language": language,
            "best": translation.gettext(found["raters"][0]["label"]),
        }
        return render_to_string("recommender/ratings_report.html", told)
