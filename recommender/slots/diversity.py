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
    most_of_category, most_of_brand = (int(diversity.get(name) or 0) for name in ("category", "brand"))
    if not (most_of_category or most_of_brand) or k < LEAST:
        yield from candidates
        return
    categories: Counter[int] = Counter()
    brands: Counter[Any] = Counter()
    waiting = []
    for candidate in candidates:
        row = facts.row[candidate[1]]
        category = facts.category.item(row)
        # Products without a brand are no brand's.
        brand = facts.brand[row] or row
        if (most_of_category and categories[category] >= most_of_category) or (
            most_of_brand and brands[brand] >= most_of_brand
        ):
            waiting.append(candidate)
            continue
        categories[category] += 1
        brands[brand] += 1
        yield candidate
    yield from waiting
