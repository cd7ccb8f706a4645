"""Which weights count: the operator's, else those that the newest training learnt, else the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recommender.dataset import Dataset, Kind
from recommender.signals.models import SignalWeight
from recommender.signals.names import BOUNDS, DEFAULTS, KIND_OF, Signal


@dataclass(frozen=True)
class Weights:
    """What counts, and by whose word.

    Attributes:
        used: name to value.
        source: name to "set", "learnt" or "default".
    """

    used: dict[Signal, float]
    source: dict[Signal, str]


def set_by_operator() -> dict[Signal, float]:
    """Those that an operator set."""
    rows = SignalWeight.objects.filter(value__isnull=False).values_list("name", "value")
    return {Signal(name): value for name, value in rows if name in Signal.values and value is not None}


def used(learnt: Mapping[str, Any]) -> Weights:
    """What counts now.

    Args:
        learnt: by the newest training (:func:`recommender.training.settling.newest_weights`); empty where none searched.
    """
    by_search = {
        Signal(name): float(value)
        for name, value in learnt.get("values", {}).items()
        if name in Signal.values and BOUNDS[Signal(name)][0] <= value <= BOUNDS[Signal(name)][1]
    }
    by_hand = set_by_operator()
    source = dict.fromkeys(Signal, "default") | dict.fromkeys(by_search, "learnt") | dict.fromkeys(by_hand, "set")
    return Weights(DEFAULTS | by_search | by_hand, source)


def applied(dataset: Dataset, weights: Weights) -> Dataset:
    """The dataset, weighed so."""
    table = np.zeros(len(Kind), np.float32)
    for name, kind in KIND_OF.items():
        table[kind] = weights.used[name]
    return replace(dataset, weight_of=table)


def told(weights: Weights) -> list[str]:
    """What is not as by default, a line each, for a training's log (:mod:`recommender.training.wording`)."""
    ends = {"learnt": "as was learnt", "set": "as an operator set it"}
    return [
        f"{name.value}: {value:g}, {ends[weights.source[name]]}"
        for name, value in weights.used.items()
        if weights.source[name] in ends
    ]


def for_popular(weights: Weights) -> dict[str, float]:
    """Parameters of ``popular`` that follow: the half-life where it is not the default."""
    changed = weights.source[Signal.HALF_LIFE] != "default"
    return {"half_life_days": weights.used[Signal.HALF_LIFE]} if changed else {}
