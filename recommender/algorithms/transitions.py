"""What followed what within sessions: tables of single steps, pairs of steps, steps that skip, and cosine, added up."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.ranked.tables import Bigrams, Table, bigrams_of, cosine_of, steps_of, trails_of
from recommender.asking import Context, Evidence, Ranking, Rows, best
from recommender.dataset import Dataset, NotEnoughData

LONGEST = 8


class Transitions(Algorithm):
    """With ``t_0`` the last product and ``t_j`` the one ``j`` steps before it, the score of ``x`` is the sum of

    ``pair * P(x | t_1, t_0)``, ``step * P(x | t_0)``, and over the last eight, each counting ``decay ** j`` of their sum,
    ``skip * S(x | t_j)`` and ``cosine * C(x, t_j)``.

    ``P`` are shares of what came directly after (bigrams and trigrams without smoothing: the other tables are the back-off),
    ``S`` of what came within ``window`` steps, each one over its distance, older sessions counting ``exp(-age / memory)``. ``C``
    is the cosine over sessions with shrinkage. Ludewig & Jannach, "Evaluation of session-based recommendation algorithms",
    UMUAI 28 (2018): association rules, Markov chains and sequential rules are the tables one by one.

    Args:
        pair, step, skip, cosine: what each table counts.
        window: steps back that skip counts.
        memory: age, as a share of all sessions, at which a session counts 1/e.
        decay: what a step back from the last act leaves.
        width: products kept of each row of a table.
        seed: of the order of what was done in one moment, which has none.
    """

    name = "transitions"
    label = gettext_noop("What followed within sessions")
    needs_interactions = 2
    costly = True

    pair_key_: NDArray[np.int64]

    def __init__(
        self,
        pair: float = 1.0,
        step: float = 1.0,
        skip: float = 1.0,
        cosine: float = 0.5,
        window: int = 8,
        memory: float = 1.0,
        decay: float = 0.7,
        width: int = 150,
        seed: int = 7,
    ) -> None:
        self.pair = pair
        self.step = step
        self.skip = skip
        self.cosine = cosine
        self.window = window
        self.memory = memory
        self.decay = decay
        self.width = width
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        weights = (self.pair, self.step, self.skip, self.cosine)
        sound = min(weights) >= 0 and max(weights) > 0 and self.memory > 0 and 0 < self.decay <= 1
        if not sound or self.window < 1 or self.width < 1:
            raise ValueError(f"a weight, window, memory, decay or width is out of range: {self.params()}")
        trails = trails_of(dataset, self.seed)
        if not len(trails.items):
            raise NotEnoughData("nothing that was done counts for a product: send views or orders")
        tables: dict[str, Table | Bigrams] = {
            "step": steps_of(trails, self.memory, 1, lambda _: 1.0, self.width),
            "skip": steps_of(trails, self.memory, self.window, lambda distance: 1.0 / distance, self.width),
            "cosine": cosine_of(trails, self.width),
            "pair": bigrams_of(trails, self.memory),
        }
        for name, table in tables.items():
            shares = table.weight if name == "cosine" else _shares(table)
            for field, array in table._replace(weight=shares)._asdict().items():
                setattr(self, f"{name}_{field}_", array)
        counts = np.bincount(trails.items, minlength=len(dataset.products))
        self.popular_ = (counts / counts.sum()).astype(np.float32)

    def scores(self, trail: Rows) -> NDArray[np.float64]:
        """(products,) the sum above for a trail of products, the latest last; zero where nothing followed."""
        total = np.zeros(self.products_)
        trail = trail[-LONGEST:][::-1]
        share = self.decay ** np.arange(len(trail))
        share /= max(share.sum(), 1e-12)
        self._add(total, "step", int(trail[0]), self.step)
        for product, part in zip(trail.tolist(), share.tolist(), strict=True):
            self._add(total, "skip", product, self.skip * part)
            self._add(total, "cosine", product, self.cosine * part)
        if len(trail) > 1:
            key = int(trail[1]) * self.products_ + int(trail[0])
            row = int(np.searchsorted(self.pair_key_, key))
            if row < len(self.pair_key_) and self.pair_key_[row] == key:
                self._add(total, "pair", row, self.pair)
        return total

    def _add(self, total: NDArray[np.float64], table: str, row: int, worth: float) -> None:
        start = getattr(self, f"{table}_start_")
        span = slice(start[row], start[row + 1])
        total[getattr(self, f"{table}_other_")[span]] += worth * getattr(self, f"{table}_weight_")[span]

    def _rank(self, context: Context, k: int) -> Ranking:
        every = np.arange(self.products_, dtype=np.int32)
        trail = context.trail
        return best(self.scores(trail).astype(np.float32) if len(trail) else self.popular_, every, k)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """That sessions went on so, or that it is popular where nothing is known."""
        if len(context.trail):
            return Evidence("session") if len(context.acts) else None
        return Evidence("popular") if self.popular_[product] > 0 else None


def _shares(table: Table | Bigrams) -> NDArray[np.float32]:
    """Each weight as a share of its row."""
    rows = np.repeat(np.arange(len(table.start) - 1), np.diff(table.start))
    sums = np.bincount(rows, table.weight, minlength=len(table.start) - 1)
    shares: NDArray[np.float32] = (table.weight / np.maximum(sums[rows], 1e-12)).astype(np.float32)
    return shares
