"""Which algorithm a shop's own past speaks for, where purchases are asked for: by what was bought last, known to none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import structlog

from recommender.algorithms.base import Algorithm, Context, Rows
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
        last = np.full(len(dataset.shopper_ids), -1, np.int64)
        last[dataset.session_shopper] = np.arange(dataset.sessions)
        known = np.arange(dataset.sessions) != last[dataset.session_shopper]
        cut = dataset.window[1] + 1
    earlier, later = dataset.take(known), purchases_of(dataset.take(~known))
    before = purchases_of(earlier)
    both = np.flatnonzero((np.diff(before.start) > 0) & (np.diff(later.start) > 0))
    if len(both) > QUESTIONS:
        both = np.sort(np.random.default_rng(seed).choice(both, QUESTIONS, replace=False))
    targets = [np.unique(later.of(shopper)[0]) for shopper in both.tolist()]
    return Past(earlier, contexts_of(earlier, both.tolist(), cut), targets)


def value(model: Algorithm, past: Past) -> float:
    """Mean NDCG at 10."""
    rankings = [model.recommend(context, DEPTH).products for context in past.contexts]
    wanted = np.array([len(rows) for rows in past.targets], np.int64)
    return float(metrics.ndcg(metrics.hits_of(rankings, past.targets), wanted, DEPTH).mean())


def pick(
    made: Mapping[str, Callable[[], Algorithm]], dataset: Dataset, horizon_days: float, *, seed: int = 0
) -> tuple[str, dict[str, Any], dict[str, float]]:
    """The best by name, its parameters for learning from everything, and the NDCG at 10 of each; the first if nobody can be asked.

    Args:
        made: name to what makes one that has not learned yet.
    """
    past = past_of(dataset, horizon_days, seed)
    values: dict[str, float] = {}
    best, params = next(iter(made)), next(iter(made.values()))().params()
    for name, make in made.items() if past.contexts else ():
        model = make().fit(past.earlier)
        values[name] = value(model, past)
        log.info("picking", algorithm=name, ndcg=round(values[name], 5), questions=len(past.contexts))
        if values[name] == max(values.values()):
            best, params = name, model.settled()
    return best, params, values
