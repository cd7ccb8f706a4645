"""Names of algorithms, versions and metrics as operators read them: short enough for a chart, in the language of who looks."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommender.algorithms import ALGORITHMS
from recommender.signals.names import Signal
from recommender.training.slots import Slot

# The label of an algorithm says what it does; a chart has room for less.
SHORT = {
    "popular": gettext_lazy("Popularity"),
    "popular_by_group": gettext_lazy("Popular by group"),
    "content": gettext_lazy("Similar products"),
    "item_knn": gettext_lazy("Bought together"),
    "session_knn": gettext_lazy("Similar visits"),
    "buy_again": gettext_lazy("Buy again"),
    "user_knn": gettext_lazy("Similar shoppers"),
    "als": gettext_lazy("Factors (ALS)"),
    "bpr": gettext_lazy("Factors (BPR)"),
    "ease": gettext_lazy("Linear (EASE)"),
    "markov": gettext_lazy("Markov chain"),
    "transitions": gettext_lazy("What followed"),
    "encoder": gettext_lazy("Attention"),
    "tifu_knn": gettext_lazy("Similar baskets"),
    "next_basket": gettext_lazy("Next basket"),
    "ranked": gettext_lazy("Learned ranker"),
    "linear": gettext_lazy("Linear regression"),
    "tree": gettext_lazy("Decision tree"),
    "forest": gettext_lazy("Random forest"),
    "boosting": gettext_lazy("Gradient boosting"),
    "mlp": gettext_lazy("Neural network"),
    "blend": gettext_lazy("Blend"),
    # No algorithm, but where a product of a slate came from.
    "exploration": gettext_lazy("Hardly shown yet"),
    "pinned": gettext_lazy("Pinned"),
}
METRICS = {
    "precision": gettext_lazy("Precision"),
    "recall": gettext_lazy("Recall"),
    "map": gettext_lazy("MAP"),
    "gini": gettext_lazy("Gini"),
    "novelty": gettext_lazy("Novelty, bits"),
    "diversity": gettext_lazy("Diversity"),
    "miscalibration": gettext_lazy("Miscalibration, nats"),
    "ndcg": gettext_lazy("NDCG"),
    "hr": gettext_lazy("Hit rate"),
    "mrr": gettext_lazy("MRR"),
    "coverage": gettext_lazy("Coverage"),
    "p50_ms": gettext_lazy("Latency p50, ms"),
    "p99_ms": gettext_lazy("Latency p99, ms"),
    "cpu_p99_ms": gettext_lazy("Processor p99, ms"),
}
_VERSION = re.compile(r"([a-z_]\w*)-(\d+)")


def algorithm_name(name: str) -> str:
    """An algorithm in a word or two; one from outside by its label, one that is gone by its own name."""
    if name in SHORT:
        return str(SHORT[name])
    return _(ALGORITHMS.get(name).label) if name in ALGORITHMS else name


def version_name(name: str) -> str:
    """``blend-29`` is "Blend v29"."""
    found = _VERSION.fullmatch(name)
    return f"{algorithm_name(found[1])} v{found[2]}" if found else algorithm_name(name)


def metric_name(name: str) -> str:
    """``hr@10`` is "Hit rate@10"."""
    base, at, k = name.partition("@")
    return str(METRICS.get(base, base)) + at + k


def named(name: str) -> str:
    """What a training calls an algorithm, a version, a slot, a metric or an act, for people."""
    base = name.partition("@")[0]
    if "@" in name and base in METRICS:
        return metric_name(name)
    if name in Signal.values:
        return str(Signal(name).label)
    if name in Slot.values and name not in SHORT:
        return str(Slot(name).label)
    return version_name(name)
