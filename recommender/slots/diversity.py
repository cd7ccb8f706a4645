"""Differing products in one slate: no more than so many of a category or brand, the rest waits behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from recommender.serving.facts import ProductFacts

# Smaller slates are not made to differ.
LEAST = 6


def capped(
    candidates: Iterable[tuple[int, str]], diversity: Mapping[str, float], facts: ProductFacts, k: int
) -> Iterator[tuple[int, str]]:
    """Candidates (position, product id) in order, those of a category or brand that has its share moved behind the others."""
    caps = [(name, int(diversity[name])) for name in ("category", "brand") if diversity.get(name)]
    if not caps or k < LEAST:
        yield from candidates
        return
    shown: Counter[Any] = Counter()
    waiting = []
    for candidate in candidates:
        row = facts.row[candidate[1]]
        keys = [(name, most, _of(name, row, facts)) for name, most in caps]
        if all(shown[name, of] < most for name, most, of in keys):
            shown.update((name, of) for name, _, of in keys)
            yield candidate
        else:
            waiting.append(candidate)
    yield from waiting


def _of(name: str, row: int, facts: ProductFacts) -> Any:
    # Products without a brand are no brand's.
    return int(facts.category[row]) if name == "category" else facts.brand[row] or row
