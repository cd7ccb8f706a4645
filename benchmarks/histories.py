"""What benchmarks of purchase histories share: the questions asked one by one, and their figures."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import report

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm
    from recommender.asking import Context, Rows
    from recommender.dataset.basket_files import BasketFiles

DEPTH = 10
Ask = Callable[["Context"], "Rows"]
Values = dict[str, NDArray[np.float64]]


def contexts_of(files: BasketFiles) -> list[Context]:
    """What is known of each shopper who is asked for."""
    from recommender.evaluation import picking

    return picking.contexts_of(files.train, files.shoppers.tolist(), files.at_ms)


def own_frequency(train: Any) -> Ask:
    """The baseline: one's own purchases by number of baskets, then what most shoppers bought."""
    top = np.argsort(-np.bincount(train.product, minlength=len(train.products)), kind="stable")[:2_000]

    def ask(context: Context) -> Rows:
        product, times = np.unique(context.bought, return_counts=True)
        own = product[np.argsort(-times, kind="stable")]
        return np.concatenate([own, top[~np.isin(top, own)]]).astype(np.int32)

    return ask


def filled(model: Algorithm, popular: Algorithm, *, new: bool = False) -> Ask:
    """The answer of an algorithm, filled with what is popular where it is short; without one's own products if ``new``."""

    def ask(context: Context) -> Rows:
        own = np.unique(context.bought) if new else np.zeros(0, np.int32)
        ranking = model.recommend(context, DEPTH + len(own)).products
        shown = ranking[~np.isin(ranking, own)][:DEPTH]
        if len(shown) == DEPTH:
            return shown
        more = popular.recommend(context, 2 * DEPTH + len(own)).products
        return np.concatenate([shown, more[~np.isin(more, np.concatenate([shown, own]))]])[:DEPTH].astype(np.int32)

    return ask


def values_of(rankings: Sequence[Rows], targets: Sequence[Rows]) -> Values:
    """Recall (over at most ten, and over all that was wanted), NDCG and hit rate at 10, one value a question."""
    from recommender.evaluation import metrics

    hits = metrics.hits_of(rankings, targets)
    wanted = np.array([len(rows) for rows in targets], np.int64)
    return {
        "recall@10": hits[:, :DEPTH].sum(axis=1) / np.minimum(wanted, DEPTH),
        "recall_of_all@10": metrics.recall(hits, wanted, DEPTH),
        "NDCG@10": metrics.ndcg(hits, wanted, DEPTH),
        "HR@10": metrics.hit_rate(hits, DEPTH),
    }


def ask_all(ask: Ask, contexts: Sequence[Context]) -> tuple[list[Rows], list[float]]:
    """The answers, and the seconds of each."""
    answers, seconds = [], []
    for context in contexts:
        began = time.perf_counter()
        answers.append(ask(context))
        seconds.append(time.perf_counter() - began)
    return answers, seconds


def without(targets: Sequence[Rows], contexts: Sequence[Context]) -> tuple[list[Rows], list[Context]]:
    """Targets that are new to the shopper, and the questions that have any."""
    pairs = [(rows[~np.isin(rows, context.bought)], context) for rows, context in zip(targets, contexts, strict=True)]
    kept = [(rows, context) for rows, context in pairs if len(rows)]
    return [rows for rows, _ in kept], [context for _, context in kept]


def report_values(values: Values, suffix: str = "", **context: Any) -> None:
    """Figures with 95 % bootstrap intervals."""
    from recommender.evaluation import intervals

    for name, of_each in values.items():
        estimate = intervals.mean(of_each, seed=1)
        bounds = {"low": round(estimate.low, 4), "high": round(estimate.high, 4), "questions": estimate.n}
        report(f"{name}{suffix}", estimate.value, "share", **bounds, **context)


def report_costs(seconds: Sequence[float], fit_seconds: float, **context: Any) -> None:
    """Time of an answer, of learning, and memory at its most."""
    for share, label in ((0.5, "p50_ms"), (0.99, "p99_ms")):
        report(label, 1000 * float(np.quantile(seconds, share)), "ms", **context)
    report("fit_seconds", fit_seconds, "s", **context)
    report("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB", **context)
