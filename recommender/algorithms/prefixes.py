"""Questions that sessions answer themselves: from what came first, what came next? For tuning and for the ranker's training."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import Dataset

LAST_SHARE = 0.1
# Which products may be an answer: any, any other than the current one, or none that was seen (as the shop's rules have it).
Answers = Literal["any", "other", "new"]
ANYWHERE = 1 << 30
REMOVED: dict[Answers, int] = {"any": 0, "other": 1, "new": ANYWHERE}


class Prefixes(NamedTuple):
    """Prefixes of sessions and the product that came next.

    Attributes:
        items: rows of all sessions, oldest first.
        low, high: (questions,) int64: ``items[low:high]`` is known, ``items[high]`` came next.
    """

    items: NDArray[np.int32]
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.low)

    @property
    def targets(self) -> NDArray[np.int32]:
        """(questions,) what came next."""
        return self.items[self.high]

    def answerable(self, answers: Answers) -> Prefixes:
        """Those whose target may be an answer."""
        back = np.minimum(self.high - self.low, REMOVED[answers])
        seen = np.zeros(len(self), np.bool_)
        for step in range(1, int(back.max(initial=0)) + 1):
            asked = back >= step
            seen[asked] |= self.items[self.high[asked] - step] == self.targets[asked]
        return self.pick(np.flatnonzero(~seen))

    def pick(self, chosen: NDArray[np.int64]) -> Prefixes:
        """Some of the questions."""
        return Prefixes(self.items, self.low[chosen], self.high[chosen])

    def sample(self, most: int, seed: int) -> Prefixes:
        """At most ``most`` of them, in their order."""
        if len(self) <= most:
            return self
        return self.pick(np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False)))


def split(dataset: Dataset, share: float = LAST_SHARE) -> tuple[Dataset, Dataset]:
    """Earlier sessions, and the last ``share`` of them: what is asked of the last was learned from the earlier only."""
    cut = int(dataset.sessions * (1 - share))
    earlier = np.arange(dataset.sessions) < cut
    return dataset.take(earlier), dataset.take(~earlier)


def prefixes(dataset: Dataset, *, longest: int, seed: int) -> Prefixes:
    """One question for every row of a session after its first; what was taken back does not count.

    What happened in one moment (a basket) has no order: it is shuffled, or the order of the catalogue would be learned.

    Args:
        longest: rows of a prefix at most, the latest.
    """
    order, session = mixed_moments(dataset, seed)
    items = dataset.product[order].astype(np.int32)
    first = np.ones(len(items), np.bool_)
    first[1:] = session[1:] != session[:-1]
    start = np.maximum.accumulate(np.where(first, np.arange(len(items)), 0)) if len(items) else np.zeros(0, np.int64)
    high = np.flatnonzero(~first).astype(np.int64)
    return Prefixes(items, np.maximum(start[high], high - longest).astype(np.int64), high)


def mixed_moments(dataset: Dataset, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Rows with a positive weight in the order of time, those of one moment shuffled; and the session of each."""
    rows = np.flatnonzero(dataset.weight > 0)
    session = dataset.session_of_row[rows]
    at, chance = dataset.at[rows], np.random.default_rng(seed).random(len(rows))
    alike = (session[1:] == session[:-1]) & (at[1:] == at[:-1])
    shared = np.zeros(len(rows), np.bool_)
    shared[1:] = alike
    shared[:-1] |= alike
    # Rows are in the order of time already: only those of one moment change places, and with each other.
    places = np.flatnonzero(shared)
    rows[places] = rows[places[np.lexsort((chance[places], at[places], session[places]))]]
    return rows, session
