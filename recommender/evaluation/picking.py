"""Which algorithm a shop's own past speaks for, where purchases are asked for: by what was bought last, known to none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import structlog

from recommender.asking import Context, Recommender, Rows
from recommender.dataset import Dataset
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.purchases import purchases_of
from recommender.evaluation import metrics
from recommender.profiles.long_term import learn

QUESTIONS = 800
DEPTH = 10

log = structlog.get_logger(__name__)


class Past(NamedTuple):
    """What was known before the last purchases, who is asked then, and what they bought."""

    earlier: Dataset
    contexts: list[Context]
    targets: list[Rows]


def contexts_of(dataset: Dataset, shoppers: Sequence[int], at_ms: int) -> list[Context]:
    """What is known of each shopper who is asked for."""
    purchases, held = purchases_of(dataset), learn(dataset)
    found = []
    for shopper in shoppers:
        product, at = purchases.of(shopper)
        history, counts = held.of(dataset.shopper_ids[shopper])
        found.append(
            Context("email", history=history, counts=counts, bought=product, bought_ms=at, at_ms=at_ms),
        )
    return found


def past_of(dataset: Dataset, horizon_days: float, seed: int) -> Past:
    """Everything before the last ``horizon_days`` (of 0: all but everybody's last session), and some who bought on both sides."""
    if horizon_days > 0:
        cut = dataset.window[1] + 1 - round(horizon_days * DAY_MS)
        known = dataset.session_ended < cut
    else:
        # Sessions are in the order of their ends.
        last, of_known = np.full(len(dataset.shopper_ids), -1, np.int64), np.flatnonzero(dataset.session_shopper >= 0)
        last[dataset.session_shopper[of_known]] = of_known
        known = np.ones(dataset.sessions, np.bool_)
        known[last[last >= 0]] = False
        cut = dataset.window[1] + 1
    earlier, later = dataset.take(known), purchases_of(dataset.take(~known))
    before = purchases_of(earlier)
    both = np.flatnonzero((np.diff(before.start) > 0) & (np.diff(later.start) > 0))
    if len(both) > QUESTIONS:
        both = np.sort(np.random.default_rng(seed).choice(both, QUESTIONS, replace=False))
    targets = [np.unique(later.of(shopper)[0]) for shopper in both.tolist()]
    return Past(earlier, contexts_of(earlier, both.tolist(), cut), targets)


class Value(NamedTuple):
    """Mean NDCG at 10 over all products, and over those new to the shopper alone, of whoever bought any.

    What counts is the sum, as in the search for the values of habits: most of what is bought is bought again, and the first alone
    would pick who never shows a shopper anything new.
    """

    all: float
    new: float

    @property
    def total(self) -> float:
        """What is picked by."""
        return self.all + self.new


class Learner(Recommender, Protocol):
    """What can learn, and say with which parameters."""

    def fit(self, dataset: Dataset, /) -> Self:
        """Learn."""

    def params(self) -> dict[str, Any]:
        """As given."""

    def settled(self) -> dict[str, Any]:
        """As given or found, for learning from more."""


def value(model: Recommender, past: Past) -> Value:
    """What a model reaches."""
    rankings = [model.recommend(context, DEPTH + len(np.unique(context.bought))).products for context in past.contexts]
    strange = [
        (ranking[~np.isin(ranking, context.bought)], wanted[~np.isin(wanted, context.bought)])
        for ranking, wanted, context in zip(rankings, past.targets, past.contexts, strict=True)
    ]
    found = [(ranking, wanted) for ranking, wanted in strange if len(wanted)]
    return Value(_ndcg(rankings, past.targets), _ndcg([ranking for ranking, _ in found], [rows for _, rows in found]))


def _ndcg(rankings: Sequence[Rows], targets: Sequence[Rows]) -> float:
    """Mean at 10; 0 of nothing."""
    wanted = np.array([len(rows) for rows in targets], np.int64)
    return float(metrics.ndcg(metrics.hits_of(rankings, targets), wanted, DEPTH).mean()) if len(targets) else 0.0


def pick(
    made: Mapping[str, Callable[[], Learner]], dataset: Dataset, horizon_days: float, *, seed: int = 0
) -> tuple[str, dict[str, Any], dict[str, Value]]:
    """The best by name, its parameters for learning from everything, and the value of each; the first if nobody can be asked.

    Args:
        made: name to what makes one that has not learned yet.
    """
    past = past_of(dataset, horizon_days, seed)
    values: dict[str, Value] = {}
    best, params = next(iter(made)), next(iter(made.values()))().params()
    for name, make in made.items() if past.contexts else ():
        model = make().fit(past.earlier)
        values[name] = value(model, past)
        ndcg = {"ndcg": round(values[name].all, 5), "new_ndcg": round(values[name].new, 5)}
        log.info("picking", algorithm=name, questions=len(past.contexts), **ndcg)
        if values[name].total == max(each.total for each in values.values()):
            best, params = name, model.settled()
    return best, params, values
