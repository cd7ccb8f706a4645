"""Ratings that can be learned from, out of rows as they stand: each rule has a name and a count, and the file stays as it is.

A rule says which rows it takes out; rows taken out by an earlier rule are not asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.dataset import NotEnoughData
from recommender.ratings.reading import Raw
from recommender.ratings.table import Ratings, ratings_of
from shop import clock

EXAMPLES = 5
# 1 January 1990: nobody rated anything on the web before.
EARLIEST = 631_152_000.0
DAY = 86_400.0
# One rating to learn from and one to predict.
LEAST = 2
# How many interquartile ranges from the quartiles a rating may lie, and what share of all may be taken for mistakes.
FENCE, MISTAKES = 3.0, 0.01
# Robust z of the logarithm of ratings a user, above which it is a crawler.
CRAWLER_Z = 6.0

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Removal:
    """What a rule took out.

    Attributes:
        rule, meaning: its name, and what it says.
        rows: how many; ``lines``: lines of the first of them in the file.
    """

    rule: str
    meaning: str
    rows: int
    lines: list[int]


def _missing_id(raw: Raw, kept: Mask) -> Mask:
    return np.array([not (user and item) for user, item in zip(raw.users, raw.items, strict=True)], np.bool_)


def _missing_rating(raw: Raw, kept: Mask) -> Mask:
    return np.isnan(raw.value)


def _missing_time(raw: Raw, kept: Mask) -> Mask:
    return np.isnan(raw.at)


def _impossible_time(raw: Raw, kept: Mask) -> Mask:
    late: Mask = (raw.at < EARLIEST) | (raw.at > clock.now().timestamp() + DAY)
    return late


def _outlier(raw: Raw, kept: Mask) -> Mask:
    values = raw.value[kept]
    if not len(values):
        return np.zeros(len(raw.value), np.bool_)
    low, high = np.quantile(values, [0.25, 0.75])
    reach = FENCE * ((high - low) or float(values.std()))
    far: Mask = (raw.value < low - reach) | (raw.value > high + reach)
    # Many of them are a scale that is spread wide, and no mistakes.
    return far if 0 < (far & kept).sum() <= MISTAKES * len(values) else np.zeros(len(far), np.bool_)


def _repeated(raw: Raw, kept: Mask) -> Mask:
    """All but the latest of the same user and item; of equal times the one further down."""
    rows = np.flatnonzero(kept)
    if not len(rows):
        return np.zeros(len(kept), np.bool_)
    latest_first = rows[np.lexsort((rows, raw.at[rows]))][::-1]
    users, items = (_numbered(ids) for ids in (raw.users, raw.items))
    pair = users[latest_first] * (items.max() + 1) + items[latest_first]
    gone = kept.copy()
    gone[latest_first[np.unique(pair, return_index=True)[1]]] = False
    return gone


def _numbered(ids: list[str]) -> NDArray[np.int64]:
    """A number for each id, by first appearance."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(one, len(known)) for one in ids], np.int64)


def _crawler(raw: Raw, kept: Mask) -> Mask:
    users = _numbered(raw.users)
    names, user, counts = np.unique(users[kept], return_inverse=True, return_counts=True)
    if len(names) < 10:
        return np.zeros(len(users), np.bool_)
    logs = np.log(counts)
    middle = np.median(logs)
    spread = max(1.4826 * float(np.median(np.abs(logs - middle))), 0.25)
    gone = np.zeros(len(users), np.bool_)
    gone[kept] = ((logs - middle) / spread > CRAWLER_Z)[user]
    return gone


RULES: tuple[tuple[str, str, Callable[[Raw, Mask], Mask]], ...] = (
    ("missing_id", gettext_noop("user or item is empty"), _missing_id),
    ("missing_rating", gettext_noop("rating is empty"), _missing_rating),
    ("missing_time", gettext_noop("timestamp is empty"), _missing_time),
    ("impossible_time", gettext_noop("before 1990, or more than a day from now"), _impossible_time),
    ("outlier", gettext_noop("more than three interquartile ranges off the quartiles, where that is rare"), _outlier),
    ("repeated", gettext_noop("the same user rated the same item later: the last word counts"), _repeated),
    ("crawler", gettext_noop("a user with ratings beyond any person's (robust z of the logarithm above 6)"), _crawler),
)


def clean(raw: Raw) -> tuple[Ratings, list[Removal]]:
    """The ratings that are left, and what each rule took out.

    Raises:
        NotEnoughData: nothing is left.
    """
    if not len(raw.value):
        raise NotEnoughData("the file has a header and no ratings below it")
    kept = np.ones(len(raw.value), np.bool_)
    removals = []
    for rule, meaning, takes in RULES:
        gone = takes(raw, kept) & kept
        kept &= ~gone
        removals.append(Removal(rule, meaning, int(gone.sum()), raw.line[gone][:EXAMPLES].tolist()))
    if kept.sum() < LEAST:
        told = ", ".join(f"{r.rule} {r.rows}" for r in removals if r.rows) or "none were taken out"
        raise NotEnoughData(
            f"of {len(kept)} rows {kept.sum()} are left ({told}); a report needs {LEAST}: learn from one, predict one"
        )
    rows = np.flatnonzero(kept).tolist()
    users, items = [raw.users[row] for row in rows], [raw.items[row] for row in rows]
    return ratings_of(users, items, raw.value[kept], np.floor(raw.at[kept]).astype(np.int64), texts=raw.texts), removals
