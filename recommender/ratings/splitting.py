"""Splits of ratings: in time, which is the truth, and in random folds, which is what published tables do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recommender.ratings.table import Ratings


def in_time(ratings: Ratings, share: float = 0.2) -> tuple[Ratings, Ratings]:
    """What was given before a moment, and what from it on: about ``share`` of all; no second is cut in two.

    Raises:
        ValueError: one side would be empty.
    """
    if not 0 < share < 1:
        raise ValueError(f"share must be between 0 and 1, not {share}")
    place = min(int(len(ratings) * (1 - share)), len(ratings) - 1)
    later = ratings.at >= ratings.at[place]
    if later.all():
        later = ratings.at > ratings.at[0]
    if not later.any():
        raise ValueError("all ratings are of one moment: there is nothing to split in time")
    return ratings.take(~later), ratings.take(later)


def in_folds(ratings: Ratings, folds: int = 5, *, seed: int = 0) -> Iterator[tuple[Ratings, Ratings]]:
    """Each fold once as test, the others as training. Random: other people's later ratings are known."""
    fold = np.random.default_rng(seed).permutation(len(ratings)) % folds
    for number in range(folds):
        yield ratings.take(fold != number), ratings.take(fold == number)


def by_user(ratings: Ratings, share: float = 0.25, *, seed: int = 42) -> tuple[Ratings, Ratings]:
    """``share`` of each user's ratings at random as test: the stratified split of microsoft/recommenders."""
    rng = np.random.default_rng(seed)
    test = np.zeros(len(ratings), np.bool_)
    order = np.lexsort((rng.random(len(ratings)), ratings.user))
    bounds = np.concatenate([[0], np.cumsum(ratings.counts()[0])])
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        kept = round((high - low) * (1 - share))
        test[order[low + kept : high]] = True
    return ratings.take(~test), ratings.take(test)


def warm(train: Ratings, test: Ratings, least: int = 5) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(rows of test,) whether the user, and whether the item, has at least ``least`` ratings in the training part."""
    users, items = train.counts()
    return users[test.user] >= least, items[test.item] >= least
