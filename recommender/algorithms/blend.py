"""Candidates of several algorithms in one order: weighted sums of their scores, weights learned for each slot.

The place of a learned ranker: it will take the same candidates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numba
import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.algorithms.blend_weights import learn_weights
from recommender.algorithms.neighbours import scratch
from recommender.asking import NOTHING, Context, Evidence, Ranking, Rows
from recommender.asking.breakdown import Breakdown, Candidacy, Source, place_in
from recommender.dataset import Dataset, NotEnoughData

PARTS = ("session_knn", "item_knn", "content", "buy_again", "popular")
SLOTS = ("home", "product", "cart", "email")
# Where there is too little to learn weights from: the session leads, popularity fills. Order of PARTS.
DEFAULT_WEIGHTS = {
    "home": (1.0, 0.5, 0.1, 0.5, 0.05),
    "product": (0.6, 1.0, 0.3, 0.0, 0.05),
    "cart": (1.0, 0.7, 0.05, 0.0, 0.1),
    "email": (0.7, 0.5, 0.1, 1.0, 0.05),
}


@numba.njit(cache=True, nogil=True)
def _blend(
    products: Rows,
    values: NDArray[np.float32],
    ends: NDArray[np.int64],
    slot: Rows,
) -> tuple[Rows, NDArray[np.float32], NDArray[np.int8]]:
    """Sum of the parts' weighted scores for each product, and the part that gave the most. ``slot`` is zero before and after."""
    found = np.empty(len(products), np.int32)
    scores, most = np.empty(len(products), np.float32), np.empty(len(products), np.float32)
    source = np.empty(len(products), np.int8)
    count, low = 0, 0
    for part in range(len(ends)):
        for at in range(low, ends[part]):
            product, value = products[at], values[at]
            if slot[product] == 0:
                found[count], scores[count], most[count], source[count] = product, 0.0, 0.0, 0
                count += 1
                slot[product] = count
            row = slot[product] - 1
            scores[row] += value
            if value > most[row]:
                most[row], source[row] = value, part
        low = ends[part]
    for at in range(count):
        slot[found[at]] = 0
    return found[:count], scores[:count], source[:count]


class Blend(Algorithm):
    """A weighted sum over the parts of ``score / best score``.

    The weights of each slot are those that rank best what shoppers really did next in the last ``held_back`` of the sessions, by
    parts that learned from those before only (:mod:`recommender.algorithms.blend_weights`); then the parts learn from everything.

    Args:
        depth: candidates taken from each part.
        held_back: share of the sessions that weights are learned from.
        questions: most questions asked for each slot while learning weights.
        least: fewer questions, and the documented weights stand.
        weights: slot to one weight a part; given, none are learned.
        seed: of the choice of questions.
    """

    name = "blend"
    label = gettext_noop("Blend")
    parts = PARTS

    def __init__(
        self,
        depth: int = 100,
        held_back: float = 0.1,
        questions: int = 600,
        least: int = 100,
        weights: dict[str, list[float]] | None = None,
        seed: int = 0,
    ) -> None:
        self.depth = depth
        self.held_back = held_back
        self.questions = questions
        self.least = least
        self.weights = weights
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        if not 0 < self.held_back < 1 or min(self.depth, self.questions) < 1 or self.least < 0:
            raise ValueError(f"depth, held_back, questions or least is out of range: {self.params()}")
        given = self.members
        self.weights_ = self._table(self.weights or {})
        if self.weights is None and dataset.sessions >= self.least:
            self._learn_weights(dataset)
        self.members = given or fit_members(dataset)

    def _learn_weights(self, dataset: Dataset) -> None:
        cut = int(dataset.session_ended[int(dataset.sessions * (1 - self.held_back))])
        earlier = dataset.before(cut)
        if not len(earlier):
            return
        self.members = fit_members(earlier, self.members)
        limits: dict[str, Any] = {"questions": self.questions, "least": self.least, "seed": self.seed}
        self.weights_ = self._table(learn_weights(self, dataset, cut, starts=DEFAULT_WEIGHTS, **limits))

    def _table(self, weights: Mapping[str, Sequence[float]]) -> NDArray[np.float32]:
        rows = [weights.get(slot, DEFAULT_WEIGHTS[slot]) for slot in SLOTS]
        if any(len(row) != len(PARTS) for row in rows):
            raise ValueError(f"a slot needs {len(PARTS)} weights, one for each of {', '.join(PARTS)}")
        return np.array(rows, np.float32)

    def settled(self) -> dict[str, Any]:
        """Parameters with the weights that were learned, for learning the parts from more data."""
        return {**self.params(), "weights": self.learned_weights()}

    def learned_weights(self) -> dict[str, list[float]]:
        """Slot to weights in the order of the parts."""
        return {
            slot: [round(float(weight), 4) for weight in row] for slot, row in zip(SLOTS, self.weights_, strict=True)
        }

    def candidates(self, context: Context) -> list[Ranking]:
        """The ranking of each part, in the order of PARTS, empty where it has none."""
        return [
            self.members[name].recommend(context, self.depth) if name in self.members else NOTHING for name in PARTS
        ]

    def _weights(self, slot: str) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self.weights_[SLOTS.index(slot) if slot in SLOTS else 0]
        return found

    def _rank(self, context: Context, k: int) -> Ranking:
        return combine(self.candidates(context), self._weights(context.slot), self.products_, k)

    def breakdown(self, context: Context, products: Sequence[int]) -> Breakdown:
        """A term a part: its weight in the slot times ``score / best score``, which is the value."""
        known = context.within(self.products_)
        rankings, weights = self.candidates(known), self._weights(known.slot)
        found = combine(rankings, weights, self.products_, self.products_).products
        found = found[np.isin(found, list(products))]
        values = np.full((len(found), len(PARTS)), np.nan)
        for part, ranking in enumerate(rankings):
            for at, product in enumerate(found.tolist()):
                if place := place_in(ranking, product):
                    values[at, part] = ranking.scores[place - 1] / ranking.scores[0]
        return Breakdown(found, PARTS, np.nan_to_num(values * weights), values)

    def candidacy(self, context: Context, product: int) -> Candidacy:
        """The place in each part's own ranking, of which it brings the first ``depth``."""
        known, weights = context.within(self.products_), self._weights(context.slot)
        asked = [name for name, weight in zip(PARTS, weights, strict=True) if name in self.members and weight > 0]
        return Candidacy(
            [
                Source(name, place_in(self.members[name].recommend(known, self.products_), product), self.depth)
                for name in asked
            ]
        )

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """What the part that gave the most says; else the first that can say something.

        Sessions only know that others went on so: a count of products bought together says more.
        """
        first = [PARTS[source]] if source >= 0 and PARTS[source] != "session_knn" else []
        for name in [*first, "item_knn", "content", "session_knn", "buy_again", "popular"]:
            found = self.members[name].explain(context, product) if name in self.members else None
            if found is not None:
                return found
        return None

    def importance(self, slot: str = "home") -> dict[str, float]:
        """The weights of the parts in a slot."""
        weights = self.weights_[SLOTS.index(slot) if slot in SLOTS else 0]
        shares = weights / max(float(weights.sum()), 1e-9)
        return {part: round(float(share), 4) for part, share in zip(PARTS, shares, strict=True)}

    def warm_up(self) -> None:
        """Each part, and the sum."""
        seen = np.zeros(1, np.int32)
        for slot in SLOTS:
            self.recommend(Context(slot=slot, session=seen, history=seen), 1)
        for member in self.members.values() if self.products_ else ():
            member.explain(Context(session=seen, history=seen), 0)

    def learned(self) -> dict[str, NDArray[Any]]:
        """Own arrays and those of the members, under ``member/name``."""
        return {**super().learned(), **self.learned_by_members()}

    def _restore(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        self.weights_ = found["weights_"]
        self.restore_members(found, meta)


def fit_members(dataset: Dataset, known: Mapping[str, Algorithm] | None = None) -> dict[str, Algorithm]:
    """The parts, learned from one dataset; those that it cannot teach are left out (a catalogue without words has no content).

    Args:
        known: parts that learned from other times of the same shop: those that look at products only need not learn again.
    """
    members = {name: part for name, part in (known or {}).items() if part.needs_interactions == 0}
    for name in [name for name in PARTS if name not in members]:
        with contextlib.suppress(NotEnoughData):
            params = known[name].settled() if known and name in known else {}
            members[name] = ALGORITHMS.get(name)(**params).fit(dataset)
    return members


def combine(rankings: Sequence[Ranking], weights: NDArray[np.float32], products: int, k: int) -> Ranking:
    """The best ``k`` of the parts' products by the weighted sum of ``score / best score``; ties go to the lower index."""
    values = [
        ranking.scores * np.float32(weight / ranking.scores[0]) if len(ranking) and weight > 0 else NOTHING.scores
        for ranking, weight in zip(rankings, weights.tolist(), strict=True)
    ]
    ends = np.cumsum([len(part) for part in values])
    if not ends[-1]:
        return NOTHING
    rows = [ranking.products[: len(part)] for ranking, part in zip(rankings, values, strict=True)]
    # Of one kind each, or the kernel is compiled anew for another while somebody waits.
    together = np.concatenate(rows).astype(np.int32, copy=False), np.concatenate(values).astype(np.float32, copy=False)
    found, scores, source = _blend(*together, ends, scratch(products))
    order = np.lexsort((found, -scores))[:k]
    return Ranking(found[order], scores[order], source[order])
