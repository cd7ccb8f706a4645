"""The known shoppers of a dataset and what they told of themselves; nothing that names a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FACTS = ("age_band", "gender", "place")


@dataclass(frozen=True)
class Shoppers:
    """Facts by the index of ``Dataset.shopper_ids``.

    Attributes:
        words: fact (:data:`FACTS`) to its known values, sorted.
        codes: fact to (shoppers,) int16 index into its words; -1 not told.
        household: (shoppers,) float32 size of the household; nan not told.
    """

    words: dict[str, list[str]] = field(default_factory=dict)
    codes: dict[str, NDArray[np.int16]] = field(default_factory=dict)
    household: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """``fact=value`` to (shoppers,) who told so."""
        return {
            f"{fact}={word}": self.codes[fact] == code
            for fact, words in self.words.items()
            for code, word in enumerate(words)
        }


def read_shoppers(ids: Sequence[str]) -> Shoppers:
    """What the shop knows of ``ids``; those who want no personalisation stay unknown."""
    from shop.models import Shopper

    told = {
        row[0]: row[1:]
        for row in Shopper.objects.filter(personalised=True)
        .order_by()
        .values_list("pk", *FACTS, "household")
        .iterator(10_000)
    }
    return shoppers_of([told.get(shopper_id, ("", "", "", {})) for shopper_id in ids])


def shoppers_of(rows: Sequence[Sequence[object]]) -> Shoppers:
    """Facts of shoppers given as (age band, gender, place, household)."""
    words, codes = {}, {}
    for place, fact in enumerate(FACTS):
        values = [str(row[place]) for row in rows]
        words[fact] = sorted({value for value in values if value})
        number = {word: code for code, word in enumerate(words[fact])}
        codes[fact] = np.array([number.get(value, -1) for value in values], np.int16)
    household = np.array([_size(row[3]) for row in rows], np.float32)
    return Shoppers(words, codes, household)


def _size(household: object) -> float:
    size = household.get("size") if isinstance(household, dict) else None
    try:
        return float(str(size).rstrip("+"))
    except ValueError:
        return float("nan")
