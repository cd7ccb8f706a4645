"""Interactions in sessions: the dataset itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.kinds import WEIGHT_OF, Kind, weighed
from recommender.dataset.ordering import PIECE_ROWS, distinct, in_order, together
from recommender.dataset.products import Products
from recommender.dataset.shoppers import Shoppers

DAY_MS = 86_400_000


class NotEnoughData(ValueError):
    """There is too little to learn from; the message says what is missing and how to get it."""


@dataclass(frozen=True)
class Dataset:
    """Interactions, one row each, grouped by session; sessions in the order of their last time, rows in the order of time.

    Attributes:
        products: what ``product`` indexes.
        session_start: (sessions + 1,) int64: session ``s`` is rows ``session_start[s]:session_start[s + 1]``.
        session_shopper: (sessions,) int32 index into ``shopper_ids``; -1 for an unknown visitor.
        product: (rows,) int32.
        kind: (rows,) int8 of :class:`Kind`.
        at: (rows,) int64, ms since the epoch, UTC.
        shopper_ids: the shop's ids of known shoppers.
        quantity: (rows,) float32 pieces, or empty: not known.
        value: (rows,) float32 unit price, or the rating of a ``RATE``; nan where none; or empty: not known.
        shoppers: facts of ``shopper_ids``, or None.
        weight_of: (kinds,) float32, what each kind weighs.
        boost: (products,) float32 by which acts that a slate led to count more or less, by how much a product was shown
            (:mod:`recommender.exploration`); or empty: all alike.
    """

    products: Products
    session_start: NDArray[np.int64]
    session_shopper: NDArray[np.int32]
    product: NDArray[np.int32]
    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    shopper_ids: list[str] = field(default_factory=list)
    quantity: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    value: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    shoppers: Shoppers | None = None
    weight_of: NDArray[np.float32] = field(default_factory=lambda: WEIGHT_OF)
    boost: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.product)

    @property
    def sessions(self) -> int:
        """How many sessions there are."""
        return len(self.session_start) - 1

    @cached_property
    def weight(self) -> NDArray[np.float32]:
        """(rows,) what each interaction weighs; read-only.

        By kind and stars. What somebody did with a product that they sent back, rated low or dismissed speaks for it only as far as
        all of it together is above nothing.
        """
        weights = weighed(self.kind, self.value, self.weight_of)
        if len(self.boost):
            clicked = self.kind == Kind.CLICK
            weights[clicked] *= self.boost[self.product[clicked]]
        against = (weights < 0) & (self.kind != Kind.REMOVE)
        if against.any():
            weights[self._regretted(weights, against)] = 0.0
        weights.flags.writeable = False
        return weights

    def _regretted(self, weights: NDArray[np.float32], against: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Rows that speak for a product of which the same person or visit did more against it."""
        shopper = self.session_shopper[self.session_of_row].astype(np.int64)
        actor = np.where(shopper >= 0, shopper, len(self.shopper_ids) + self.session_of_row)
        key = actor * len(self.products) + self.product
        pairs = distinct(key[against])[0]
        place = np.minimum(np.searchsorted(pairs, key), len(pairs) - 1)
        rows = np.flatnonzero(pairs[place] == key)
        sums = np.bincount(place[rows], weights[rows].astype(np.float64), minlength=len(pairs))
        regretted: NDArray[np.int64] = rows[(sums[place[rows]] <= 0) & (weights[rows] > 0)]
        return regretted

    @property
    def ratings(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Shopper, product, rating and time (ms) of each rating of a known shopper."""
        shopper = self.session_shopper[self.session_of_row]
        rows = (self.kind == Kind.RATE) & (shopper >= 0)
        rows = rows & ~np.isnan(self.value) if len(self.value) else np.zeros(len(self), np.bool_)
        return shopper[rows], self.product[rows], self.value[rows] if len(self.value) else self.value, self.at[rows]

    @property
    def session_of_row(self) -> NDArray[np.int32]:
        """(rows,) session of each row."""
        return np.repeat(np.arange(self.sessions, dtype=np.int32), np.diff(self.session_start))

    def pieces(self) -> Iterator[slice]:
        """All rows in pieces of about :data:`PIECE_ROWS`, no session cut across: what a cache holds takes as long for each row."""
        wanted = np.searchsorted(self.session_start, np.arange(0, len(self), PIECE_ROWS))
        for low, high in pairwise(np.unique(self.session_start[[*wanted, -1]]).tolist()):
            yield slice(low, high)

    @property
    def session_ended(self) -> NDArray[np.int64]:
        """(sessions,) time of the last row, ms."""
        ended: NDArray[np.int64] = self.at[self.session_start[1:] - 1]
        return ended

    @property
    def window(self) -> tuple[int, int]:
        """First and last time, ms; (0, 0) of an empty dataset."""
        return (int(self.at.min()), int(self.at.max())) if len(self) else (0, 0)

    def take(self, sessions: NDArray[np.bool_]) -> Dataset:
        """The dataset of some sessions only; products and shoppers keep their indices."""
        rows = np.repeat(sessions, np.diff(self.session_start))
        return self._of(rows, np.diff(self.session_start)[sessions], sessions)

    def take_rows(self, rows: NDArray[np.bool_]) -> Dataset:
        """The dataset of some rows only; sessions that are left with none are gone."""
        lengths = np.bincount(self.session_of_row[rows], minlength=self.sessions)
        return self._of(rows, lengths[lengths > 0], lengths > 0)

    def _of(self, rows: NDArray[np.bool_], lengths: NDArray[np.int64], sessions: NDArray[np.bool_]) -> Dataset:
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return replace(
            self,
            session_start=start,
            session_shopper=self.session_shopper[sessions],
            product=self.product[rows],
            kind=self.kind[rows],
            at=self.at[rows],
            quantity=self.quantity[rows] if len(self.quantity) else self.quantity,
            value=self.value[rows] if len(self.value) else self.value,
        )

    def before(self, moment_ms: int) -> Dataset:
        """Sessions that ended before ``moment_ms``: none is cut across."""
        return self.take(self.session_ended < moment_ms)

    def since(self, moment_ms: int) -> Dataset:
        """Sessions that began at or after ``moment_ms``."""
        return self.take(self.at[self.session_start[:-1]] >= moment_ms)

    def require(self, *, interactions: int = 1, products: int = 1) -> None:
        """Refuse to be learned from when there is too little.

        Raises:
            NotEnoughData: with what there is and what is needed.
        """
        if len(self.products) < products:
            raise NotEnoughData(
                f"the catalogue has {len(self.products)} products, training needs {products}: import a catalogue, or run"
                " manage.py load_demo"
            )
        if len(self) < interactions:
            raise NotEnoughData(
                f"there are {len(self)} interactions (order lines and product events), training needs {interactions}:"
                " import orders, send events to /api/v1/events, or run manage.py load_demo"
            )


def build(
    products: Products,
    *,
    actor: NDArray[np.int64],
    shopper: NDArray[np.int32],
    product: NDArray[np.int32],
    kind: NDArray[np.int8],
    at: NDArray[np.int64],
    shopper_ids: Sequence[str] = (),
    gap_ms: int = 30 * 60 * 1000,
    quantity: NDArray[np.float32] | None = None,
    value: NDArray[np.float32] | None = None,
    shoppers: Shoppers | None = None,
) -> Dataset:
    """Cut rows into sessions: one actor, no gap over ``gap_ms``.

    Args:
        actor: (rows,) who acted: any numbering of visitors and shoppers together.
        shopper, product, kind, at, quantity, value: as in :class:`Dataset`, in any order.
    """
    # Ties by everything there is: the order of what came in never shows.
    rows, lengths = _sessions_of(in_order(at, actor, product, kind), actor, at, gap_ms)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    # Somebody who logged in midway is known for the whole session.
    of_session = np.maximum.reduceat(shopper[rows], start[:-1]) if len(lengths) else shopper[:0]
    return Dataset(
        products,
        start,
        of_session.astype(np.int32),
        product[rows],
        kind[rows],
        at[rows],
        list(shopper_ids),
        quantity=np.zeros(0, np.float32) if quantity is None else quantity[rows],
        value=np.zeros(0, np.float32) if value is None else value[rows],
        shoppers=shoppers,
    )


Numbers = NDArray[np.int64]


def _sessions_of(by_time: Numbers, actor: Numbers, at: Numbers, gap_ms: int) -> tuple[Numbers, Numbers]:
    """Rows session by session, in the order of their ends, and the length of each session.

    In pieces that a cache holds, so that a row takes as long however many there are: what may still go on after a piece is taken
    up in the next.

    Args:
        by_time: (rows,) rows in the order of time, ties by actor; overwritten by what is returned, which never gets ahead of what
            is read.
    """
    lengths = [by_time[:0]]
    low, done, going_on = 0, 0, by_time[:0]
    while low < len(by_time):
        # Never less than what goes on: of sessions that never end each row is taken up again but once or twice.
        high = low + max(PIECE_ROWS, len(going_on))
        piece = np.concatenate([going_on, by_time[low:high]])
        places, length, ended = _cut(actor[piece], at[piece], gap_ms)
        over = len(ended) if high >= len(by_time) else int(np.searchsorted(ended, at[by_time[high]] - gap_ms))
        rows_over = int(length[:over].sum())
        going_on = piece[np.sort(places[rows_over:])]
        by_time[done : done + rows_over] = piece[places[:rows_over]]
        lengths.append(length[:over])
        low, done = high, done + rows_over
    return by_time, np.concatenate(lengths)


def _cut(actor: Numbers, at: Numbers, gap_ms: int) -> tuple[Numbers, Numbers, Numbers]:
    """Of rows in the order of time: these session by session in the order of their ends, and of each session length and end."""
    by_actor = together(actor)
    who, when = actor[by_actor], at[by_actor]
    new = np.ones(len(at), np.bool_)
    new[1:] = (who[1:] != who[:-1]) | (np.diff(when) > gap_ms)
    starts = np.flatnonzero(new)
    lengths = np.diff(np.append(starts, len(at)))
    # No two end in the same row: where they stand is the order of their ends, without sorting.
    ends = by_actor[starts + lengths - 1]
    session = np.full(len(at), -1, np.int64)
    session[ends] = np.arange(len(ends))
    by_end = session[session >= 0]
    return by_actor[_rows_of(starts[by_end], lengths[by_end])], lengths[by_end], at[ends[by_end]]


def _rows_of(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row numbers of ranges, one after the other."""
    if not len(starts):
        return np.zeros(0, np.int64)
    ends = np.cumsum(lengths)
    rows: NDArray[np.int64] = np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)
    return rows


def from_sessions(
    sessions: Sequence[Sequence[int]],
    products: Products,
    *,
    shoppers: Sequence[int] | None = None,
    kind: Kind = Kind.VIEW,
    start_ms: int = 1_700_000_000_000,
    step_ms: int = 60_000,
    shopper_ids: Sequence[str] = (),
) -> Dataset:
    """A dataset of sessions given as product indices, oldest first; times are made up: a minute a step, an hour between."""
    lengths = np.array([len(session) for session in sessions], np.int64)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    product = np.array([item for session in sessions for item in session], np.int32)
    session_of_row = np.repeat(np.arange(len(sessions)), lengths)
    at = start_ms + (np.arange(len(product)) * step_ms) + session_of_row * 3_600_000
    known = np.array(shoppers if shoppers is not None else [-1] * len(sessions), np.int32)
    return Dataset(
        products, start, known, product, np.full(len(product), kind, np.int8), at.astype(np.int64), list(shopper_ids)
    )
