"""Questions about ratings for the pipeline of features: one row a rating, never described by itself.

The article's program has one row a user and one label an event, so that it cannot run; here features and labels are of the same
row. The columns are those of :mod:`recommender.features`, computed where a shop's are; what is here is who knew what when.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import Kind
from recommender.features import describing
from recommender.features.columns import OF_RATINGS
from recommender.features.describing import Acts
from recommender.features.facts import NEVER, Facts, Floats, Stars, Times, facts_of_words, word_table
from recommender.features.pipeline import column_names, moment_of, pipeline_of
from recommender.ratings.table import Ratings, Rows, Values

Known = Literal["before", "others"]
WORDS = 16
GROUPS = OF_RATINGS


class Rated:
    """Rows of a pipeline: ratings that are described by others, or that are asked for.

    Args:
        kernel: of :mod:`recommender.features.describing`; ``rows``: what it takes of each rating.
        start, acts: of each user.
        at_ms: of each row.
    """

    def __init__(self, kernel: Any, rows: Sequence[NDArray[Any]], start: Times, acts: Acts, at_ms: Times) -> None:
        self.kernel = kernel
        self.rows = rows
        self.start = start
        self.acts = acts
        self.at_ms = at_ms

    def numbers(self, facts: Facts, chosen: NDArray[np.int64]) -> Floats:
        """See :class:`recommender.features.pipeline.Asked`."""
        out = np.empty((len(self.at_ms), len(chosen)), np.float32)
        work = describing.work_for(facts.table)
        self.kernel(*self.rows, self.start, self.acts, facts.table, facts.stars, work, chosen, out)
        return out

    def codes(self, facts: Facts, names: Sequence[str]) -> Floats:
        """See :class:`recommender.features.pipeline.Asked`; nobody told anything."""
        moment, nothing = moment_of(self.at_ms), np.full(len(self.at_ms), -1)
        columns = [moment.get(name, nothing) for name in names]
        return np.array(columns, np.float32).reshape(len(names), len(self.at_ms)).T


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
        self._fit(ratings)
        at_ms = ratings.at * 1000
        rows = (ratings.user, ratings.item, ratings.value, at_ms)
        described = self._rows(describing.walk, rows, at_ms)
        if self.known == "others":
            described = self._rows(describing.leave_out, (*rows, self.place_), at_ms)
        return described

    def transform(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values:
        """(n, features) from everything entered."""
        return self._rows(describing.ask, (user, item, at * 1000), at * 1000)

    @property
    def names(self) -> list[str]:
        """The name of each."""
        return column_names(self.facts_, GROUPS)

    def _fit(self, ratings: Ratings) -> None:
        count = ratings.items
        # Before the first rating the middle of the scale is what is known.
        total = np.array([0.0, 0.0, (ratings.low + ratings.high) / 2])
        stars = Stars(np.zeros((count, 3)), np.full(count, NEVER, np.int64), total)
        self.facts_ = facts_of_words(word_table(ratings.texts, count, self.words if any(ratings.texts) else 0), stars)
        order = np.argsort(ratings.user, kind="stable")
        self.start_ = np.concatenate([[0], np.cumsum(ratings.counts()[0])]).astype(np.int64)
        kind = np.full(len(ratings), Kind.RATE, np.int8)
        at_ms, stars_given = (ratings.at * 1000)[order], ratings.value[order].astype(np.float32)
        self.acts_ = Acts(ratings.item[order], kind, at_ms, stars_given)
        self.place_ = np.empty(len(ratings), np.int64)
        self.place_[order] = np.arange(len(ratings))
        self.pipeline_ = pipeline_of(self.facts_, GROUPS)

    def _rows(self, kernel: Any, rows: Sequence[NDArray[Any]], at_ms: Times) -> Values:
        described = self.pipeline_.transform(Rated(kernel, rows, self.start_, self.acts_, at_ms))
        # Of floats estimators make sums that hang on how many are asked.
        values: Values = described.astype(np.float64)
        return values
