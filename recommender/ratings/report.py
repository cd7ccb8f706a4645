"""The report of a file of ratings: cleaned, split in time, every rater fitted, and what came of it as data."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import NotEnoughData
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
PARTS = ("known", "cold_user", "cold_item")
LISTED = ("ndcg@10", "mrr@10", "hr@10")
# (later ratings,) whether the user is known from before, and whether the item is.
Known = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@dataclass(frozen=True)
class Trial:
    """A rater that learned from the earlier ratings, what it said of the later ones, and its row of the report."""

    rater: Rater
    predicted: Values
    row: dict[str, Any]

    @property
    def rmse(self) -> dict[str, float]:
        """Over all later ratings, with its interval."""
        found: dict[str, float] = self.row["all"]["rmse"]
        return found


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
    best, rows, left_out = _tried(list(dict.fromkeys(only or RATERS.names())), train, test, known, say)
    return {
        "file": name,
        "made_at": clock.now().isoformat(timespec="seconds"),
        **_counts(ratings, train, test, known),
        "cleaning": [asdict(removal) for removal in removals],
        "raters": rows,
        "left_out": left_out,
        "most_rated": _top(None, train, test),
        "best": best.rater.name,
        **_errors(test.value, best.predicted),
        "learning": _learning(best.rater, train, test, say),
    }


def _tried(
    names: Sequence[str], train: Ratings, test: Ratings, known: Known, say: Callable[[str], None]
) -> tuple[Trial, list[dict[str, Any]], list[dict[str, str]]]:
    """The best rater of ``names``, the rows of all by their error, and who was left out and why. Holds one trial at a time.

    Raises:
        NotEnoughData: all were left out.
    """
    best, rows, left_out = None, [], []
    for number, name in enumerate(names, 1):
        place = f"{number}/{len(names)} {name}"
        say(f"{place}: learning")
        try:
            trial = _try(name, train, test, known)
        except NotEnoughData as error:
            left_out.append({"name": name, "needs": RATERS.get(name).needs, "reason": str(error)})
            say(f"{place}: left out: {error}")
            continue
        rows.append(trial.row)
        if best is None or trial.rmse["value"] < best.rmse["value"]:
            best = trial
        say(
            f"{place}: RMSE {trial.rmse['value']:.4f} ({trial.rmse['low']:.4f} to {trial.rmse['high']:.4f}), "
            f"{trial.row['seconds']:.1f} s"
        )
    if best is None:
        raise NotEnoughData(f"no model is left: {'; '.join(one['reason'] for one in left_out)}")
    return best, sorted(rows, key=lambda row: row["all"]["rmse"]["value"]), left_out


def _try(name: str, train: Ratings, test: Ratings, known: Known) -> Trial:
    began = time.perf_counter()
    rater = RATERS.get(name)().fit(train)
    predicted = rater.predict(test.user, test.item, test.at)
    seconds = time.perf_counter() - began
    told = {"name": rater.name, "label": rater.label, "source": rater.source, "params": rater.params()}
    figures = _by_part(test.value, predicted, known)
    return Trial(rater, predicted, {**told, "seconds": round(seconds, 2), **figures, "top": _top(rater, train, test)})


def _by_part(actual: Values, predicted: Values, known: Known) -> dict[str, Any]:
    """The figures over all later ratings and over each of ``PARTS``; None for a part without ratings."""
    parts = {"all": np.ones(len(actual), np.bool_), **_parts(known)}
    return {part: _figures(actual[rows], predicted[rows]) if rows.any() else None for part, rows in parts.items()}


def _figures(actual: Values, predicted: Values) -> dict[str, Any]:
    """Each measure; None for R2 of ratings that are all the same, of which it says nothing."""
    found = measure(actual, predicted)
    return {name: estimate.as_json() if math.isfinite(estimate.value) else None for name, estimate in found.items()}


def _parts(known: Known) -> dict[str, NDArray[np.bool_]]:
    """Rows of the later ratings that belong to each of ``PARTS``."""
    return dict(zip(PARTS, (known[0] & known[1], ~known[0], ~known[1]), strict=True))


def _counts(ratings: Ratings, train: Ratings, test: Ratings, known: Known) -> dict[str, Any]:
    """How much there is, of what."""
    return {
        "ratings": len(ratings),
        "users": ratings.users,
        "items": ratings.items,
        "filled": round(len(ratings) / (ratings.users * ratings.items), 5),
        "scale": [ratings.low, ratings.high],
        "train": len(train),
        "test": len(test),
        "known_users": round(float(known[0].mean()), 4),
        "known_items": round(float(known[1].mean()), 4),
        "parts": [{"name": name, "n": int(rows.sum())} for name, rows in _parts(known).items()],
    }


def _errors(actual: Values, predicted: Values) -> dict[str, Any]:
    """Where the best rater errs, and how far."""
    errors = actual - predicted
    return {
        "actual": _by_rating(actual, predicted),
        "residuals": _residuals(errors),
        "error_mean": round(float(errors.mean()), 4),
        "error_spread": round(float(errors.std()), 4),
    }


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
    """Error on what was learned and on what came later, with its interval, from growing random parts of the training ratings.

    A part that is too small to learn from has no point.
    """
    order = np.random.default_rng(seed).permutation(len(train))
    found = []
    for step, share in enumerate(SHARES, 1):
        say(f"learning curve of {whole.name}: {step}/{len(SHARES)}")
        part = train.take(np.sort(order[: max(int(share * len(train)), 1)]))
        try:
            rater = whole if share == 1 else RATERS.get(whole.name)().fit(part)
        except NotEnoughData:
            continue
        own = float(np.sqrt(np.mean((part.value - rater.predict(part.user, part.item, part.at)) ** 2)))
        later = measure(test.value, rater.predict(test.user, test.item, test.at))["rmse"]
        bounds = {"test": later.value, "low": later.low, "high": later.high}
        found.append({"ratings": len(part), "train": round(own, 4)} | {k: round(v, 4) for k, v in bounds.items()})
    return found
