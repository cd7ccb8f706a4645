"""What is known of a user and an item when a rating is given: one row a rating, never from the rating itself.

The article's program has one row a user and one label an event, so that it cannot run; here features and labels are of the same
row. The same kernel walks through the training part and answers questions afterwards, so that both see the same features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from recommender.features.text import word_vectors
from recommender.ratings.table import Ratings, Rows, Values

Known = Literal["before", "others"]
NAMES = (
    "ratings of the user",
    "mean of the user",
    "spread of the user",
    "kindness of the user",
    "days since the user's first",
    "ratings of the item",
    "mean of the item",
    "spread of the item",
    "days since the item's first",
    "liking of its words",
)
SHRINK = 5.0
DAY = 86_400.0
WORDS = 16


@dataclass
class Ledger:
    """Sums that features are made of; a rating can be entered and taken out again.

    Attributes:
        user, item: (users, 4), (items, 4): count, sum, sum of squares, sum of rests over the mean of the item.
        user_first, item_first: seconds of the first rating; a large number before it.
        liking: (users, words) sum of rests times words of the item.
        words: (items, words) what the item is about.
        total: (2,) count and sum of all.
    """

    user: Values
    item: Values
    user_first: NDArray[np.int64]
    item_first: NDArray[np.int64]
    liking: Values
    words: Values
    total: Values

    @classmethod
    def empty(cls, users: int, items: int, words: Values) -> Ledger:
        """Before the first rating."""
        never = np.iinfo(np.int64).max
        user_first, item_first = np.full(users, never, np.int64), np.full(items, never, np.int64)
        liking = np.zeros((users, words.shape[1]))
        return cls(np.zeros((users, 4)), np.zeros((items, 4)), user_first, item_first, liking, words, np.zeros(2))


@numba.njit(cache=True, nogil=True)
def _enter(u, i, value, rest, sign, user, item, liking, words, total):  # type: ignore[no-untyped-def]
    """Enter a rating (sign 1) or take it out (sign -1)."""
    user[u, 0] += sign
    user[u, 1] += sign * value
    user[u, 2] += sign * value * value
    user[u, 3] += sign * rest
    item[i, 0] += sign
    item[i, 1] += sign * value
    item[i, 2] += sign * value * value
    total[0] += sign
    total[1] += sign * value
    for w in range(words.shape[1]):
        liking[u, w] += sign * rest * words[i, w]


@numba.njit(cache=True, nogil=True)
def _mean_of(row, mean):  # type: ignore[no-untyped-def]
    return (row[1] + SHRINK * mean) / (row[0] + SHRINK)


@numba.njit(cache=True, nogil=True)
def _spread_of(row):  # type: ignore[no-untyped-def]
    if row[0] < 2:
        return 1.0
    return np.sqrt(max(row[2] / row[0] - (row[1] / row[0]) ** 2, 0.0))


@numba.njit(cache=True, nogil=True)
def _describe(u, i, at, user, item, user_first, item_first, liking, words, total, default, out):  # type: ignore[no-untyped-def]
    mean = total[1] / total[0] if total[0] > 0 else default
    out[0] = np.log1p(user[u, 0])
    out[1] = _mean_of(user[u], mean)
    out[2] = _spread_of(user[u])
    out[3] = user[u, 3] / (user[u, 0] + SHRINK)
    out[4] = max(at - user_first[u], 0) / DAY if user[u, 0] > 0 else 0.0
    out[5] = np.log1p(item[i, 0])
    out[6] = _mean_of(item[i], mean)
    out[7] = _spread_of(item[i])
    out[8] = max(at - item_first[i], 0) / DAY if item[i, 0] > 0 else 0.0
    out[9] = 0.0
    for w in range(words.shape[1]):
        out[9] += liking[u, w] * words[i, w] / (user[u, 0] + SHRINK)
        out[10 + w] = words[i, w]


@numba.njit(cache=True, nogil=True)
def _walk(users, items, values, at, user, item, user_first, item_first, liking, words, total, default, out, rests):  # type: ignore[no-untyped-def]
    """Describe each rating from what was given before its second, then enter it. ``rests`` are written for taking out again."""
    low = 0
    while low < len(users):
        high = low
        while high < len(users) and at[high] == at[low]:
            high += 1
        for n in range(low, high):
            _describe(
                users[n], items[n], at[n], user, item, user_first, item_first, liking, words, total, default, out[n]
            )
        for n in range(low, high):
            rests[n] = values[n] - out[n, 6]
            _enter(users[n], items[n], values[n], rests[n], 1, user, item, liking, words, total)
            user_first[users[n]] = min(user_first[users[n]], at[n])
            item_first[items[n]] = min(item_first[items[n]], at[n])
        low = high


@numba.njit(cache=True, nogil=True)
def _leave_out(users, items, values, at, user, item, user_first, item_first, liking, words, total, default, out, rests):  # type: ignore[no-untyped-def]
    """Describe each rating from all others."""
    for n in range(len(users)):
        _enter(users[n], items[n], values[n], rests[n], -1, user, item, liking, words, total)
        _describe(users[n], items[n], at[n], user, item, user_first, item_first, liking, words, total, default, out[n])
        _enter(users[n], items[n], values[n], rests[n], 1, user, item, liking, words, total)


@numba.njit(cache=True, nogil=True)
def _ask(users, items, at, user, item, user_first, item_first, liking, words, total, default, out):  # type: ignore[no-untyped-def]
    for n in range(len(users)):
        _describe(users[n], items[n], at[n], user, item, user_first, item_first, liking, words, total, default, out[n])


class Features:
    """Features of ratings, learned from one training part.

    Args:
        known: ``before``: a training row is described by what was given before it, as it would have been then; ``others``: by all
            other ratings, for random folds, where a question stands in the middle of what is known.
        words: dimensions that titles and other words are brought to.
    """

    def __init__(self, known: Known = "before", words: int = WORDS) -> None:
        if known not in ("before", "others"):
            raise ValueError(f"known is 'before' or 'others', not {known!r}")
        self.known = known
        self.words = words

    def fit_transform(self, ratings: Ratings) -> Values:
        """(rows, features) of the training rows; enters them all. ``ratings`` are in the order of time."""
        self.ledger = Ledger.empty(ratings.users, ratings.items, word_vectors(ratings.texts, self.words))
        # Before the first rating the middle of the scale is what is known.
        self.default = (ratings.low + ratings.high) / 2
        out = np.empty((len(ratings), self.width))
        rests = np.empty(len(ratings))
        rows = (ratings.user, ratings.item, ratings.value, ratings.at)
        _walk(*rows, *self._state(), self.default, out, rests)  # type: ignore[call-arg]
        if self.known == "others":
            rests = ratings.value - out[:, 6]
            _leave_out(*rows, *self._state(), self.default, out, rests)  # type: ignore[call-arg]
        return out

    def transform(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        """(n, features) from everything entered."""
        out = np.empty((len(user), self.width))
        _ask(user, item, at, *self._state(), self.default, out)  # type: ignore[call-arg]
        return out

    @property
    def width(self) -> int:
        """How many features there are."""
        return len(NAMES) + int(self.ledger.words.shape[1])

    @property
    def names(self) -> list[str]:
        """The name of each."""
        return [*NAMES, *(f"words {n + 1}" for n in range(self.ledger.words.shape[1]))]

    def _state(self) -> tuple[NDArray, ...]:
        held = self.ledger
        return held.user, held.item, held.user_first, held.item_first, held.liking, held.words, held.total
