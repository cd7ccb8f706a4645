"""Differing products in one slate: by distance from those before (MMR), and by no more than so many of a category or brand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.asking import Likeness
from recommender.known.product_facts import ProductFacts
from recommender.slots.filters.columns import columns_of
from recommender.slots.types.base import Ask

# Smaller slates are not made to differ.
LEAST = 6
# How alike two products are: what they have in common, summed.
SAME_DEPARTMENT, SAME_CATEGORY, SAME_BRAND = 0.3, 0.5, 0.2


def likeness(ask: Ask, rows: NDArray[np.int64]) -> Likeness | None:
    """How alike products are to the slot's model (its words or sessions): from a place in ``rows`` to (rows,), NaN where unknown.

    None where it knows nothing of the kind, or none serves.
    """
    model = ask.models(ask.slot.task) if ask.slot.task else None
    if model is None:
        return None
    ids, row = ask.facts.ids, model.row
    at = np.array([row.get(ids[each], -1) for each in rows.tolist()], np.int32)
    known = np.flatnonzero(at >= 0)
    among = model.algorithm.likeness_among(at[known]) if len(known) else None
    if among is None or len(known) == len(at):
        return among
    place_of = {place: number for number, place in enumerate(known.tolist())}

    def of(place: int) -> NDArray[np.float32]:
        found = np.full(len(at), np.nan, np.float32)
        if place in place_of:
            found[known] = among(place_of[place])
        return found

    return of


def marginal(
    scores: NDArray[np.float64],
    rows: NDArray[np.int64],
    weight: float,
    facts: ProductFacts,
    k: int,
    alike: Likeness | None = None,
) -> NDArray[np.int64]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998, equation 1): each place to the best of
    ``(1 - weight) * score - weight * likeness to the nearest before it``.

    Args:
        scores, rows: of the candidates, best first.
        k: places to be given so; the rest keep their order behind.
        alike: of :func:`likeness`, for the same products: where it has a number, that counts half, what they have in common half.

    Returns:
        The order, as positions.
    """
    columns = columns_of(facts)
    category, brand = facts.category[rows], columns.brand[rows]
    department, named = columns.department[category], brand != columns.code("brand", "")
    nearest = np.zeros(len(rows))
    left = np.ones(len(rows), np.bool_)
    order: list[int] = []
    for _ in range(min(k, len(rows))):
        value = np.where(left, (1 - weight) * scores - weight * nearest, -np.inf)
        best = int(value.argmax())
        order.append(best)
        left[best] = False
        common = SAME_DEPARTMENT * (department == department[best]) + SAME_CATEGORY * (category == category[best])
        common += SAME_BRAND * ((brand == brand[best]) & named)
        if alike is not None:
            cosine = alike(best)
            both = (common + cosine) * 0.5
            # Mostly the model knows all of them.
            common = both if isfinite(both.sum()) else np.where(np.isnan(cosine), common, both)
        np.maximum(nearest, common, out=nearest)
    return np.array([*order, *np.flatnonzero(left).tolist()], np.int64)


class Shares:
    """What categories and brands have of a slate so far, whichever pool their products came from, pinned ones too."""

    def __init__(self, most_of_category: int, most_of_brand: int, facts: ProductFacts) -> None:
        self.most_of_category, self.most_of_brand, self.facts = most_of_category, most_of_brand, facts
        self.categories: dict[Any, int] = {}
        self.brands: dict[Any, int] = {}

    @classmethod
    def of(cls, diversity: Mapping[str, float], facts: ProductFacts, k: int) -> Shares | None:
        """By the caps of a slot; None where there are none, or the slate is small."""
        of_category, of_brand = (int(diversity.get(name) or 0) for name in ("category", "brand"))
        return cls(of_category, of_brand, facts) if (of_category or of_brand) and k >= LEAST else None

    def within(self, candidates: Iterable[tuple[int, str]], behind: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Candidates (position, product id) in order; those whose category or brand has its share go to ``behind``."""
        facts, categories, brands = self.facts, self.categories, self.brands
        most_of_category, most_of_brand = self.most_of_category, self.most_of_brand
        category = brand = None
        for candidate in candidates:
            row = facts.row[candidate[1]]
            if most_of_category:
                category = facts.category.item(row)
                if categories.get(category, 0) >= most_of_category:
                    behind.append(candidate)
                    continue
            if most_of_brand:
                # Products without a brand are no brand's.
                brand = facts.brand[row] or row
                if brands.get(brand, 0) >= most_of_brand:
                    behind.append(candidate)
                    continue
            categories[category], brands[brand] = categories.get(category, 0) + 1, brands.get(brand, 0) + 1
            yield candidate

    def takes(self, product_id: str) -> bool:
        """Whether there is room for a product; it is counted then."""
        return next(self.within([(0, product_id)], []), None) is not None

    def count(self, product_ids: Iterable[str]) -> None:
        """Count products that stand, whatever share they take."""
        for product_id in product_ids:
            row = self.facts.row[product_id]
            for counts, of in (
                (self.categories, self.facts.category.item(row)),
                (self.brands, self.facts.brand[row] or row),
            ):
                counts[of] = counts.get(of, 0) + 1

    def open_to(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those rows of the facts whose category and brand have not had their share."""
        columns = columns_of(self.facts)
        if full := [each for each, count in self.categories.items() if 0 < self.most_of_category <= count]:
            rows = rows[~np.isin(self.facts.category[rows], full)]
        if full := [
            each for each, count in self.brands.items() if 0 < self.most_of_brand <= count and isinstance(each, str)
        ]:
            rows = rows[~np.isin(columns.brand[rows], [columns.code("brand", each) for each in full])]
        return rows
