"""What a rule is, and the table of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


class Act(StrEnum):
    """What becomes of the rows that a rule touches."""

    DROP = "drop"
    REPAIR = "repair"
    NOTE = "note"


class Mark(NamedTuple):
    """Which rows of a day a rule touches: ``touched`` (rows,), and for a repair the new values of whole columns."""

    touched: Bools
    columns: dict[str, NDArray[Any]] = {}


@dataclass(frozen=True)
class Rule:
    """A rule under its name.

    Attributes:
        id: stable: it stands in manifests, figures and settings.
        label: for operators, translatable.
        does: what it does and above which limit, translatable.
        find: rows of a day (a pandas frame with the columns of :data:`recommender.dataset.reading.COLUMNS`) to its mark.
    """

    id: str
    label: Any
    does: Any
    act: Act
    find: Callable[[Any], Mark]


RULES: dict[str, Rule] = {}


def rule(name: str, act: Act, label: Any, does: Any) -> Callable[[Callable[[Any], Mark]], Callable[[Any], Mark]]:
    """Register the function below as the rule ``name``."""

    def register(find: Callable[[Any], Mark]) -> Callable[[Any], Mark]:
        if name in RULES:
            raise ValueError(f"there are two rules named {name}")
        RULES[name] = Rule(name, label, does, act, find)
        return find

    return register
