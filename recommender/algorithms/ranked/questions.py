"""What the ranker learns from: what slots ask. A visit so far, and of known shoppers what they bought, with a visit or without."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import inner
from recommender.algorithms.prefixes import Answers, Prefixes, mixed_moments, prefixes
from recommender.algorithms.ranked.asking import Asked, ask
from recommender.algorithms.ranked.work import Work
from recommender.asking import Rows
from recommender.dataset import Dataset
from recommender.dataset.purchases import purchases_of

Times = NDArray[np.int64]
# The most questions of each kind with a history: as a visit begins (or in a message), and within it.
WITH_HISTORY = 0.25
# What there is one of for each question.
OF_EACH = ("low", "high", "until", "shopper", "now")


class Questions(NamedTuple):
    """Prefixes of sessions, what came then, and who asks.

    Attributes:
        items: rows of all sessions, oldest first.
        low, high, until: (questions,) ``items[low:high]`` is known, ``items[high:until]`` came then.
        shopper: (questions,) whose purchases are known, -1 for nobody's; ``now``: those before, ms.
        start, product, at: purchases of each shopper, in the order of time.
    """

    items: Rows
    low: Times
    high: Times
    until: Times
    shopper: Rows
    now: Times
    start: Times
    product: Rows
    at: Times

    def __len__(self) -> int:
        return len(self.low)

    @property
    def targets(self) -> Rows:
        """(questions,) what came next."""
        return self.items[self.high]

    @classmethod
    def of_strangers(cls, asked: Prefixes) -> Questions:
        """Without any history, for what came next alone."""
        nobody, never = np.full(len(asked), -1, np.int32), np.zeros(len(asked), np.int64)
        nothing = np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64)
        return cls(*asked, asked.high + 1, nobody, never, *nothing)

    def pick(self, chosen: Times) -> Questions:
        """Some of the questions."""
        return self.with_each({name: getattr(self, name)[chosen] for name in OF_EACH})

    def with_each(self, of_each: dict[str, NDArray[Any]]) -> Questions:
        """Other questions on the same sessions and purchases; ``_replace`` would count questions where it wants fields."""
        return Questions(**{**self._asdict(), **of_each})

    def sample(self, most: int, seed: int) -> Questions:
        """At most ``most`` of them, in their order."""
        if len(self) <= most:
            return self
        return self.pick(np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False)))


def questions_of(dataset: Dataset, last: Dataset, answers: Answers, *, longest: int, most: int, seed: int) -> Questions:
    """At most ``most`` questions that the sessions of ``last``, a part of ``dataset``, answer, in the order of time.

    A session of a known shopper asks twice with what was bought before: as it begins, and somewhere in it.

    Args:
        longest: acts that are known at most, the latest.
    """
    asked = prefixes(last, longest=longest, seed=seed).answerable(answers)
    begins, within = _with_history(dataset, last, answers, longest=longest, seed=seed)
    each = int(most * WITH_HISTORY)
    begins, within = begins.sample(each, seed), within.sample(each, seed)
    strangers = Questions.of_strangers(asked.sample(most - len(begins) - len(within), seed))
    if not len(begins):
        return strangers
    kinds = (strangers, begins, within)
    of_each = {name: np.concatenate([getattr(kind, name) for kind in kinds]) for name in OF_EACH}
    together = begins.with_each(of_each)
    return together.pick(np.argsort(together.high, kind="stable"))


def _with_history(
    dataset: Dataset, last: Dataset, answers: Answers, *, longest: int, seed: int
) -> tuple[Questions, Questions]:
    """Of each session of a shopper who had bought before it: the question as it begins, and one within it."""
    order, session = mixed_moments(last, seed)
    items = last.product[order].astype(np.int32)
    bounds = np.searchsorted(session, np.arange(last.sessions + 1))
    purchases = purchases_of(dataset)
    shopper, began = last.session_shopper, last.at[last.session_start[:-1]]
    first = np.full(purchases.shoppers + 1, np.iinfo(np.int64).max)
    buyers = np.flatnonzero(np.diff(purchases.start))
    first[buyers] = purchases.at[purchases.start[buyers]]
    known = np.flatnonzero((first[shopper] < began) & (np.diff(bounds) > 0))
    past = purchases.start, purchases.product, purchases.at

    def asked(sessions: Times, cut: Times) -> Questions:
        low, high = bounds[sessions], bounds[sessions] + cut
        until, who = bounds[sessions + 1], shopper[sessions].astype(np.int32)
        return Questions(items, np.maximum(low, high - longest), high, until, who, began[sessions], *past)

    lengths = np.diff(bounds)[known]
    inside = known[lengths > 1]
    cuts = np.random.default_rng(seed).integers(1, lengths[lengths > 1])
    within = asked(inside, cuts)
    return asked(known, np.zeros(len(known), np.int64)), within.pick(_answerable(within, answers))


def _answerable(asked: Questions, answers: Answers) -> Times:
    """Those whose next product may be an answer."""
    plain = Prefixes(asked.items, asked.low, asked.high)
    return np.flatnonzero(np.isin(plain.high, plain.answerable(answers).high))


@inner
def put(asked: Questions, question: int, removed: int, work: Work) -> Asked:
    """One question as a request would put it, with the purchases of before it."""
    who, now, begin, end = asked.shopper[question], asked.now[question], 0, 0
    if who >= 0:
        begin, end = asked.start[who], asked.start[who + 1]
        end = begin + np.searchsorted(asked.at[begin:end], now)
    acts = asked.items[asked.low[question] : asked.high[question]]
    return ask(acts, asked.product[begin:end], asked.at[begin:end], now, removed, work)


@inner
def came(product: int, asked: Questions, question: int) -> bool:
    """Whether a product is among what came."""
    for at in range(asked.high[question], asked.until[question]):  # noqa: SIM110 - numba knows no any() over a generator
        if asked.items[at] == product:
            return True
    return False
