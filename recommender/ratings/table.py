"""Ratings as arrays: what every rater learns from and is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Ratings:
    """Who gave what how much and when, one row each, in the order of time.

    Attributes:
        user, item: (rows,) int32 indices into ``user_ids`` and ``item_ids``.
        value: (rows,) the rating.
        at: (rows,) int64, seconds since the epoch, UTC.
        user_ids, item_ids: the ids of the file, sorted.
        texts: words of each item, empty where the file has none.
        low, high: the scale: no prediction leaves it.
    """

    user: Rows
    item: Rows
    value: Values
    at: NDArray[np.int64]
    user_ids: list[str]
    item_ids: list[str]
    texts: list[str] = field(default_factory=list)
    low: float = 1.0
    high: float = 5.0

    def __len__(self) -> int:
        return len(self.user)

    @property
    def users(self) -> int:
        """How many ids of users there are, with a rating in this part or not."""
        return len(self.user_ids)

    @property
    def items(self) -> int:
        """How many ids of items there are, with a rating in this part or not."""
        return len(self.item_ids)

    def take(self, rows: NDArray[Any]) -> Ratings:
        """Some of the rows (numbers or a mask), all ids kept."""
        return replace(self, user=self.user[rows], item=self.item[rows], value=self.value[rows], at=self.at[rows])

    def counts(self) -> tuple[Rows, Rows]:
        """Ratings of each user, and of each item."""
        user = np.bincount(self.user, minlength=self.users).astype(np.int32)
        return user, np.bincount(self.item, minlength=self.items).astype(np.int32)

    def matrix(self, values: Values | None = None) -> Any:
        """(users, items) CSR of the ratings, or of other values of the same rows."""
        from scipy.sparse import csr_matrix

        held = self.value if values is None else values
        return csr_matrix((held, (self.user, self.item)), shape=(self.users, self.items))


def ratings_of(
    users: Sequence[str],
    items: Sequence[str],
    values: Sequence[float] | Values,
    at: Sequence[int] | NDArray[np.int64],
    *,
    texts: dict[str, str] | None = None,
) -> Ratings:
    """Ratings from columns, sorted by time (then user, then item); the scale is what occurs."""
    user_ids, user = np.unique(np.asarray(users, dtype=str), return_inverse=True)
    item_ids, item = np.unique(np.asarray(items, dtype=str), return_inverse=True)
    value, moment = np.asarray(values, np.float64), np.asarray(at, np.int64)
    order = np.lexsort((item, user, moment))
    low, high = (float(value.min()), float(value.max())) if len(value) else (1.0, 5.0)
    names = [str(name) for name in item_ids]
    return Ratings(
        user[order].astype(np.int32),
        item[order].astype(np.int32),
        value[order],
        moment[order],
        [str(name) for name in user_ids],
        names,
        [(texts or {}).get(name, "") for name in names],
        low,
        high,
    )
