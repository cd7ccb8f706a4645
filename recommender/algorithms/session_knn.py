"""What came next in sessions like this one: the real-time core.

Nearest sessions by an inverted index, after Ludewig & Jannach (2018, VS-kNN) and Kersbergen, Sprangers & Schelter (Serenade,
SIGMOD 2022, VMIS-kNN), with votes that look forward of the matched place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.prefixes import REMOVED, Answers
from recommender.asking import NOTHING, Context, Evidence, Ranking, Rows
from recommender.dataset import Dataset
from recommender.dataset.arrays import room, together

if TYPE_CHECKING:
    from recommender.algorithms.session_kernel import Index, Rule

# Distances beyond this weigh nothing.
FARTHEST = 64
# In the order of ``session_kernel.Rule``.
RULE = (
    *("recent", "neighbours", "decay", "reach", "back", "recency"),
    *("norm", "damp", "query_idf", "item_idf", "own", "sharpness"),
)
# What a search tries of each, and what most often helps comes first.
GRID: dict[str, tuple[float, ...]] = {
    "back": (0.1, 0.2, 0.4, 0.6, 0.8, 1.0),
    "own": (0.3, 0.5, 0.7, 0.85, 1.0, 1.2),
    "sharpness": (0.7, 1.0, 1.3, 1.6, 2.0),
    "item_idf": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    "recency": (0.1, 0.2, 0.4, 0.8, 2.0, 1e9),
    "reach": (1.0, 1.5, 2.0, 3.0, 5.0),
    "decay": (1.0, 1.5, 2.0, 3.0, 5.0),
    "neighbours": (100, 300, 500, 1000),
    "norm": (0.0, 0.15, 0.3, 0.5),
    "damp": (0.0, 0.1, 0.3, 0.6, 1.0),
    "query_idf": (0.5, 1.0, 1.5),
    "recent": (500, 1500, 3000),
}


class SessionKNN(Algorithm):
    """Votes of the sessions most like the present one.

    A distinct product of the session, ``a`` steps back, adds ``exp(-a / decay) * idf ** query_idf`` to each of the ``recent``
    newest sessions that hold it. The ``neighbours`` best by ``similarity * exp(-age share / recency) / (length + 2) ** norm``
    vote with that value to the power ``sharpness``, over ``1 + damp * a`` of their last match, for each of their products by
    ``exp(-distance / reach)`` after the matched place, ``back`` times that before it and ``back`` at it, times the product's
    ``idf ** item_idf``. Products of the session itself count ``own`` times.

    Distance is counted in moments: what was bought in one basket has none.

    Shops want different values: with ``tune_seconds`` they are searched for first, beginning with those given, by what came next
    in the last tenth of the sessions (:mod:`recommender.algorithms.tuning`).

    Args:
        recent, neighbours, decay, reach, back, recency, norm, damp, query_idf, item_idf, own, sharpness: as above.
        longest: acts of a session that are looked at, and rows of a session that are kept.
        shortest: sessions with fewer rows are left out.
        sessions: newest sessions that are kept.
        collapse: the same product several times in a row counts once.
        answers: what the search counts as an answer: "new" (not seen in the session, as the shop's rules have it), "other" (not
            the current product) or "any".
        tune_seconds: processor seconds for searching; 0: the values stand as given.
        seed: of the questions that the search asks.
    """

    name = "session_knn"
    label = gettext_noop("Sessions like this one")
    search_seconds = 15.0

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
        answers: Answers = "new",
        tune_seconds: float = 0.0,
        seed: int = 0,
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
        self.answers = answers
        self.tune_seconds = tune_seconds
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        if min(self.recent, self.neighbours, self.longest, self.longest_kept, self.sessions) < 1:
            raise ValueError(f"recent, neighbours, longest and sessions must be positive: {self.params()}")
        if min(self.decay, self.reach, self.recency) <= 0:
            raise ValueError(f"decay, reach and recency must be positive: {self.params()}")
        least = min(self.back, self.own, self.damp, self.norm, self.tune_seconds)
        if least < 0 or self.sharpness <= 0 or self.shortest < 1:
            raise ValueError(
                f"back, own, damp, norm, sharpness, shortest or tune_seconds is out of range: {self.params()}"
            )
        if self.answers not in REMOVED:
            raise ValueError(f"answers must be one of {', '.join(REMOVED)}, not {self.answers!r}")
        self.rule_: NDArray[np.float64] = np.array([getattr(self, name) for name in RULE], np.float64)
        if self.tune_seconds > 0:
            self._tune(dataset)
        self._keep_sessions(dataset)
        self._post()
        self._weigh()

    def _tune(self, dataset: Dataset) -> None:
        from recommender.algorithms.tuning import search

        found = search(self, dataset)
        self.rule_ = np.array([found[name] for name in RULE], np.float64)

    def tuned(self, dataset: Dataset, seconds: float) -> dict[str, Any]:
        """The values of :data:`RULE` that differ from those given."""
        from recommender.algorithms.tuning import search

        model = SessionKNN(**{**self.params(), "tune_seconds": seconds})
        given = {name: float(getattr(self, name)) for name in RULE}
        model.rule_ = np.array([given[name] for name in RULE], np.float64)
        found = search(model, dataset)
        return {name: value for name, value in found.items() if value != given[name]}

    @property
    def rule(self) -> Rule:
        """The values that the votes go by: those given, or those found."""
        from recommender.algorithms.session_kernel import Rule

        return Rule(*self.rule_.tolist())

    @property
    def index(self) -> Index:
        """The learned arrays as the kernel takes them."""
        from recommender.algorithms.session_kernel import Index

        sessions = (self.start_, self.items_, self.moments_, self.posting_start_, self.posting_)
        weights = (self.query_weight_, self.item_weight_, self.prior_)
        return Index(*sessions, *weights, self.step_weight_, self.after_, self.before_)

    def settled(self) -> dict[str, Any]:
        """Parameters with the values that were found, which another fit does not search for again."""
        return {**self.params(), **self.rule._asdict(), "tune_seconds": 0.0}

    def with_rule(self, **values: float) -> SessionKNN:
        """The same sessions under other values: shares the arrays that stay the same."""
        other = SessionKNN(**{**self.params(), "tune_seconds": 0.0})
        vars(other).update(vars(self))
        other.rule_ = np.array(list({**self.rule._asdict(), **values}.values()), np.float64)
        if "recent" in values:
            other._post()
        other._weigh()
        other.freeze()
        return other

    def with_sessions(self, later: Dataset) -> SessionKNN:
        """The index with sessions that ended since, the same as if it had learned from all of them at once.

        Only what is new is sorted: postings are moved to make room, and what does not depend on the question is weighed again.

        Args:
            later: of the same products, its sessions ended after those learned from. Values found by a search stand.
        """
        new = SessionKNN(**{**self.params(), "tune_seconds": 0.0})
        new.products_, new.members, new.rule_ = self.products_, {}, self.rule_
        new._keep_sessions(later)
        if len(new.start_) < 2:
            return self
        new._post()
        self._join(new)
        new._weigh()
        new.freeze()
        return new

    def _join(self, new: SessionKNN) -> None:
        """Put the sessions of this index before those of ``new``."""
        before = len(self.start_) - 1
        sessions = before + len(new.start_) - 1
        held, posting = new.held_by_, (new.posting_start_, new.posting_ + np.int32(before))
        new.start_ = together(self.start_, self.start_[-1] + new.start_[1:])
        new.items_ = together(self.items_, new.items_)
        new.moments_ = together(self.moments_, new.moments_)
        if sessions > self.sessions:
            # The oldest leave, and all are numbered anew.
            first = new.start_[sessions - self.sessions]
            new.start_ = new.start_[sessions - self.sessions :] - first
            new.items_, new.moments_ = new.items_[first:], new.moments_[first:]
            new._post()
            return
        new.held_by_ = self.held_by_ + held
        new.posting_start_, new.posting_ = joined(
            posting, (self.posting_start_, self.posting_), most=int(self.rule.recent)
        )

    def _keep_sessions(self, dataset: Dataset) -> None:
        """``start_``, ``items_`` and ``moments_`` (rank of each row's time within its session)."""
        keep = dataset.weight > 0
        if self.collapse:
            session = dataset.session_of_row
            keep[1:] &= (dataset.product[1:] != dataset.product[:-1]) | (session[1:] != session[:-1])
        rows = np.diff(dataset.session_start)
        until = np.cumsum(keep)
        lengths = np.diff(np.concatenate([[0], until])[dataset.session_start])
        if lengths.max(initial=0) > self.longest_kept:
            # The end of a long session says more than its beginning.
            ends = np.repeat(until[dataset.session_start[1:] - 1], rows)
            keep &= ends - until < self.longest_kept
            lengths = np.minimum(lengths, self.longest_kept)
        newest = np.flatnonzero(lengths >= self.shortest)[-self.sessions :]
        if len(newest) < dataset.sessions:
            chosen = np.zeros(dataset.sessions, np.bool_)
            chosen[newest] = True
            keep &= np.repeat(chosen, rows)
            lengths = lengths[newest]
        self.start_ = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self.items_ = dataset.product[keep].astype(np.int32)
        at = dataset.at[keep]
        step = np.ones(len(at), np.int32)
        step[1:] = at[1:] != at[:-1]
        rank = np.cumsum(step, dtype=np.int32)
        self.moments_ = (rank - np.repeat(rank[self.start_[:-1]], lengths)).astype(np.int16)

    def _restore(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        super()._restore(found, meta)
        if "rule_" not in found:  # Files from before values were searched for.
            self.rule_ = np.array([getattr(self, name) for name in RULE], np.float64)

    def _post(self) -> None:
        """Postings: newest session first, the ``recent`` newest of each product."""
        from scipy.sparse import csr_matrix

        sessions, recent = len(self.start_) - 1, int(self.rule.recent)
        # The newest session is the first row. Columns are found by counting: unlike in sorting, a row takes no longer the more
        # there are, and rows keep their order.
        start = np.concatenate([[0], np.cumsum(np.diff(self.start_)[::-1])])
        there = np.ones(len(self.items_), np.bool_)
        columns = csr_matrix((there, self.items_[::-1], start), shape=(sessions, self.products_)).tocsc()
        row = columns.indices
        there[1:] = row[1:] != row[:-1]
        there[columns.indptr[:-1][np.diff(columns.indptr) > 0]] = True
        row, until = row[there], np.concatenate([[0], np.cumsum(there)])[columns.indptr]
        count = np.diff(until)
        if count.max(initial=0) > recent:
            row = row[np.arange(len(row)) - np.repeat(until[:-1], count) < recent]
        self.held_by_ = count.astype(np.int32)
        self.posting_ = (sessions - 1 - row).astype(np.int32)
        self.posting_start_ = np.concatenate([[0], np.cumsum(np.minimum(count, recent))]).astype(np.int64)

    def _weigh(self) -> None:
        """What does not depend on the question."""
        rule, sessions = self.rule, len(self.start_) - 1
        idf = np.log(max(sessions, 1) / np.maximum(self.held_by_, 1) + 1.0)
        self.query_weight_ = (idf**rule.query_idf).astype(np.float32)
        self.item_weight_ = (idf**rule.item_idf).astype(np.float32)
        age = (sessions - np.arange(sessions)) / max(sessions, 1)
        prior = np.exp(-age / rule.recency) / (np.diff(self.start_) + 2.0) ** rule.norm
        self.prior_: NDArray[np.float32] = room(sessions, np.float32)
        self.prior_[:] = prior
        steps = np.arange(FARTHEST)
        self.step_weight_ = np.exp(-steps / rule.decay).astype(np.float32)
        self.after_ = np.exp(-steps / rule.reach).astype(np.float32)
        self.before_ = (np.exp(-steps / rule.reach) * rule.back).astype(np.float32)
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
        return context.trail[-self.longest :]

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """Only that sessions like this went on so: the vote is of many."""
        return Evidence("session") if len(context.acts) else None


Lists = tuple[NDArray[np.int64], Rows]


def joined(first: Lists, second: Lists, *, most: int) -> Lists:
    """Lists (starts and entries) of which each is the one of ``first``, then the one of ``second``, at most ``most`` entries."""
    lengths = np.diff(first[0]), np.diff(second[0])
    taken = lengths[0], np.minimum(lengths[1], most - lengths[0])
    start = np.concatenate([[0], np.cumsum(taken[0] + taken[1])]).astype(np.int64)
    entries = room(int(start[-1]), np.int32)
    for (begins, held), count, skipped in zip((first, second), taken, (0 * taken[0], taken[0]), strict=True):
        place = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        entries[np.repeat(start[:-1] + skipped, count) + place] = held[np.repeat(begins[:-1], count) + place]
    return start, entries
