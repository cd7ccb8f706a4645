"""Walks that a ranker learns from, and what it sums up for one question, as its kernels have it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.ranked import Ranked, learning
from recommender.algorithms.ranked.asking import ask
from recommender.algorithms.ranked.features import WIDTH, describe
from recommender.algorithms.ranked.gathering import gather, release
from recommender.algorithms.ranked.words import vocabulary
from recommender.algorithms.ranked.work import Told, work_for
from recommender.algorithms.repeats import Times
from recommender.asking import Rows
from recommender.dataset import Dataset, Products
from recommender.dataset.interactions import from_sessions

# Products of the shop in which :func:`ring_walks` go.
ITEMS = 60


class Found(NamedTuple):
    """One candidate: (columns,) sums, (features,) and its blend."""

    sums: NDArray[np.float32]
    features: NDArray[np.float32]
    blend: float


def rows(*products: int) -> Rows:
    return np.array(products, np.int32)


NO_PURCHASES = rows(), np.zeros(0, np.int64)


def ring_walks(rng: np.random.Generator, sessions: int) -> list[list[int]]:
    """Shoppers on rings of ten products, who mostly go on by one; on even rings half return to where they began."""
    made = []
    for _ in range(sessions):
        ring, at = int(rng.integers(ITEMS // 10)) * 10, int(rng.integers(10))
        session = [ring + at]
        for _ in range(int(rng.integers(1, 6))):
            at = (at + (1 if rng.random() < 0.7 else int(rng.integers(2, 9)))) % 10
            session.append(ring + at)
        if ring % 20 == 0 and len(session) > 2 and rng.random() < 0.5:
            session.append(session[0])
        made.append(session)
    return made


def shop(sessions: list[list[int]], **how: Any) -> Dataset:
    return from_sessions(sessions, Products.of([f"p{number}" for number in range(ITEMS)]), **how)


def gathered(
    model: Ranked, query: Rows, most: int, purchases: tuple[Rows, Times] = NO_PURCHASES, now: int = 0
) -> tuple[dict[int, Found], Told]:
    """What is known of each product that was kept among the best ``most``; the working arrays are left as they were."""
    parts, _, _ = model._held()
    held = work_for(len(parts.sessions.start) - 1, model.products_, most, WIDTH, vocabulary(parts.words))
    work = learning.exactly(held, most)
    asked = ask(query, *purchases, now, parts.removed, work)
    told = gather(asked, most, parts, work)
    describe(asked, told, parts, work)
    found = {
        int(work.found[row]): Found(work.sums[row].copy(), work.features[at].copy(), float(work.blend[row]))
        for at, row in enumerate(work.kept[: told.kept])
    }
    release(asked, told, parts, work)
    for left in (work.slot, work.own.slot, work.of_last, work.of_session):
        assert not left.any()
    return found, told
