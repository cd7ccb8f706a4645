"""What came next in sessions like this one: the real-time core.

Nearest sessions by an inverted index, after Ludewig & Jannach (2018, VS-kNN) and Kersbergen, Sprangers & Schelter (Serenade,
SIGMOD 2022, VMIS-kNN), with votes that look forward of the matched place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import NOTHING, Algorithm, Context, Evidence, Ranking, Rows
from recommender.dataset import Dataset

# Distances beyond this weigh nothing.
FARTHEST = 64


class SessionKNN(Algorithm):
    """Votes of the sessions most like the present one.

    A distinct product of the session, ``a`` steps back, adds ``exp(-a / decay) * idf ** query_idf`` to each of the ``recent``
    newest sessions that hold it. The ``neighbours`` best by ``similarity * exp(-age share / recency) / (length + 2) ** norm``
    vote with that value to the power ``sharpness``, over ``1 + damp * a`` of their last match, for each of their products by
    ``exp(-distance / reach)`` after the matched place, ``back`` times that before it and ``back`` at it, times the product's
    ``idf ** item_idf``. Products of the session itself count ``own`` times.

    Distance is counted in moments: what was bought in one basket has none.

    Args:
        recent, neighbours, decay, reach, back, recency, norm, damp, query_idf, item_idf, own, sharpness: as above.
        longest: acts of a session that are looked at, and rows of a session that are kept.
        shortest: sessions with fewer rows are left out.
        sessions: newest sessions that are kept.
        collapse: the same product several times in a row counts once.
    """

    name = "session_knn"
    label = "Sessions like this one"

    def __init__(
        self,
        recent: int = 1500,
        neighbours: int = 300,
        decay: float = 3.0,
        reach: float = 3.0,
        back: float = 0.8,
        recency: float = 0.8,
        norm: float = 0.3,
        damp: float = 0.3,
        query_idf: float = 1.0,
        item_idf: float = 0.3,
        own: float = 1.0,
        sharpness: float = 1.0,
        longest: int = 12,
        longest_kept: int = 60,
        shortest: int = 2,
        sessions: int = 2_000_000,
        collapse: bool = True,
    ) -> None:
        self.recent = recent
        self.neighbours = neighbours
        self.decay = decay
        self.reach = reach
        self.back = back
        self.recency = recency
        self.norm = norm
        self.damp = damp
        self.query_idf = query_idf
        self.item_idf = item_idf
        self.own = own
        self.sharpness = sharpness
        self.longest = longest
        self.longest_kept = longest_kept
        self.shortest = shortest
        self.sessions = sessions
        self.collapse = collapse

    def _fit(self, dataset: Dataset) -> None:
        if min(self.recent, self.neighbours, self.longest, self.longest_kept, self.sessions) < 1:
            raise ValueError(f"recent, neighbours, longest and sessions must be positive: {self.params()}")
        if min(self.decay, self.reach, self.recency) <= 0:
            raise ValueError(f"decay, reach and recency must be positive: {self.params()}")
        self._keep_sessions(dataset)
        self._index()

    def _keep_sessions(self, dataset: Dataset) -> None:
        """``start_``, ``items_`` and ``moments_`` (rank of each row's time within its session)."""
        session = dataset.session_of_row
        keep = dataset.weight > 0
        if self.collapse:
            keep[1:] &= (dataset.product[1:] != dataset.product[:-1]) | (session[1:] != session[:-1])
        # The end of a long session says more than its beginning.
        rows = np.flatnonzero(keep)
        from_end = np.bincount(session[rows], minlength=dataset.sessions)
        place = np.arange(len(rows)) - np.repeat(np.cumsum(from_end) - from_end, from_end)
        rows = rows[place >= np.repeat(from_end, from_end) - self.longest_kept]
        lengths = np.bincount(session[rows], minlength=dataset.sessions)
        long_enough = lengths >= self.shortest
        newest = np.flatnonzero(long_enough)[-self.sessions :]
        chosen = np.zeros(dataset.sessions, np.bool_)
        chosen[newest] = True
        rows = rows[chosen[session[rows]]]
        start = np.concatenate([[0], np.cumsum(lengths[newest])]).astype(np.int64)
        step = np.ones(len(rows), np.int64)
        step[1:] = dataset.at[rows][1:] != dataset.at[rows][:-1]
        rank = np.cumsum(step)
        self.start_ = start
        self.items_ = dataset.product[rows].astype(np.int32)
        self.moments_ = (rank - np.repeat(rank[start[:-1]], lengths[newest])).astype(np.int16)

    def _index(self) -> None:
        """Postings (newest session first, the ``recent`` newest of each product) and what does not depend on the question."""
        sessions = len(self.start_) - 1
        session = np.repeat(np.arange(sessions, dtype=np.int64), np.diff(self.start_))
        key = np.unique(self.items_.astype(np.int64) * max(sessions, 1) + (sessions - 1 - session))
        item = key // max(sessions, 1)
        count = np.bincount(item, minlength=self.products_)
        begin = np.cumsum(count) - count
        kept = np.arange(len(key)) - begin[item] < self.recent
        self.posting_ = (sessions - 1 - key[kept] % max(sessions, 1)).astype(np.int32)
        self.posting_start_ = np.concatenate([[0], np.cumsum(np.minimum(count, self.recent))]).astype(np.int64)
        idf = np.log(max(sessions, 1) / np.maximum(count, 1) + 1.0)
        self.query_weight_ = (idf**self.query_idf).astype(np.float32)
        self.item_weight_ = (idf**self.item_idf).astype(np.float32)
        age = (sessions - np.arange(sessions)) / max(sessions, 1)
        prior = np.exp(-age / self.recency) / (np.diff(self.start_) + 2.0) ** self.norm
        self.prior_: NDArray[np.float32] = prior.astype(np.float32)
        steps = np.arange(FARTHEST)
        self.step_weight_ = np.exp(-steps / self.decay).astype(np.float32)
        self.after_ = np.exp(-steps / self.reach).astype(np.float32)
        self.before_ = (np.exp(-steps / self.reach) * self.back).astype(np.float32)
        # Of one moment: neither before nor after.
        self.before_[0] = 1.0

    def _rank(self, context: Context, k: int) -> Ranking:
        query = self.query(context)
        if not len(query) or len(self.start_) < 2:
            return NOTHING
        from recommender.algorithms import session_kernel

        return session_kernel.rank(self, query, k)

    def query(self, context: Context) -> Rows:
        """The acts that are asked with, oldest first: of the session, or of the history where there is none."""
        return context.evidence[-self.longest :]

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """Only that sessions like this went on so: the vote is of many."""
        return Evidence("session") if len(context.acts) else None
