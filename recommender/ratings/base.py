"""The protocol of raters: ``fit`` learns from ratings, ``predict`` says what a user will give an item."""

from __future__ import annotations

import inspect
import math
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.dataset import NotEnoughData
from recommender.ratings.table import Ratings, Rows, Values


class BrokenFile(ValueError):
    """Not a file of this rater, or not a whole one."""


@dataclass(frozen=True)
class Frame:
    """What questions are held against: how many users and items there are, the scale, and when the last rating was given."""

    users: int
    items: int
    low: float
    high: float
    last: int


class Rater(ABC):
    """Base of all raters.

    Subclasses set ``name``, ``label`` and ``source``, take parameters by keyword and store them under the same names.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    source: ClassVar[str] = ""
    # What a file has too little of where the rater is left out of a report.
    needs: ClassVar[str] = gettext_noop("more ratings")

    frame_: Frame | None = None

    def params(self) -> dict[str, Any]:
        """Parameters as given, JSON."""
        names = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in names if name not in ("self", "args", "kwargs")}

    def fit(self, ratings: Ratings) -> Self:
        """Learn.

        Raises:
            NotEnoughData: there are no ratings, or too few for this rater.
            ValueError: a parameter is out of its range, or a rating is no number.
        """
        unknown = [name for name, value in self.params().items() if isinstance(value, float) and math.isnan(value)]
        if unknown:
            raise ValueError(f"{self.name} cannot learn with {', '.join(unknown)} = nan: give a number")
        if not len(ratings):
            raise NotEnoughData(f"{self.name} needs ratings, and there are none")
        if not np.isfinite(ratings.value).all():
            raise ValueError("a rating is not a finite number")
        from threadpoolctl import threadpool_limits

        # Small matrices: threads of BLAS wait for each other longer than they work (six times the processor on a busy machine).
        with threadpool_limits(1, "blas"):
            self._fit(ratings)
        self.frame_ = Frame(ratings.users, ratings.items, ratings.low, ratings.high, int(ratings.at.max()))
        return self

    def predict(self, user: Rows, item: Rows, at: NDArray[np.int64] | None = None) -> Values:
        """What each user will give each item, within the scale of the ratings learned from.

        Args:
            user, item: (n,) indices of the same numbering; who has no rating in what was learned gets what else is known.
            at: (n,) seconds since the epoch, for raters that mind the time; None: when the last rating learned from was given.

        Raises:
            ValueError: nothing was learned yet, an index is outside of the numbering, or lengths differ.
        """
        frame = self.frame_
        if frame is None:
            raise ValueError(f"{self.name} has not learned anything yet: call fit first")
        if len(user) != len(item) or (at is not None and len(at) != len(user)):
            raise ValueError(f"{len(user)} users, {len(item)} items and {len(user) if at is None else len(at)} moments")
        if len(user) and not (user.min() >= 0 and user.max() < frame.users):
            raise ValueError("a user is outside of the numbering learned from")
        if len(item) and not (item.min() >= 0 and item.max() < frame.items):
            raise ValueError("an item is outside of the numbering learned from")
        moment = np.full(len(user), frame.last) if at is None else at
        return np.clip(self._predict(user, item, moment), frame.low, frame.high)

    def save(self, path: Path) -> None:
        """Write what was learned to a file. Neighbours are ratings, so that theirs are in it; no id and no text is.

        Raises:
            ValueError: nothing was learned yet.
        """
        import joblib

        if self.frame_ is None:
            raise ValueError(f"{self.name} has not learned anything yet: call fit first")
        half = path.with_name(f"{path.name}.part")
        joblib.dump({"rater": self.name, "learned": vars(self)}, half, compress=3)
        half.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The rater saved at ``path``. Objects of scikit-learn are in the file: load only what you saved yourself.

        Raises:
            BrokenFile: the file is of another rater, or none.
        """
        import pickle

        import joblib

        try:
            found = joblib.load(path)
            name, learned = found["rater"], found["learned"]
        except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, IndexError, zlib.error) as error:
            raise BrokenFile(f"{path} is no saved rater: {error}") from None
        if name != cls.name:
            raise BrokenFile(f"{path} holds {name}, not {cls.name}")
        self = cls.__new__(cls)
        vars(self).update(learned)
        return self

    @abstractmethod
    def _fit(self, ratings: Ratings) -> None: ...

    @abstractmethod
    def _predict(self, user: Rows, item: Rows, at: NDArray[np.int64]) -> Values: ...
