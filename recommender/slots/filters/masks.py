"""A condition asked of all products at once, and remembered until products change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.known.product_facts import ProductFacts
from recommender.slots.filters.columns import ALL, columns_of
from recommender.slots.filters.conditions import All, conjuncts
from recommender.slots.filters.nodes import Node, Products
from recommender.slots.filters.parsing import parse

Bools = NDArray[np.bool_]


@dataclass
class _Kept:
    """The answer for the products of ``facts``, with its first ``seen`` changes."""

    facts: ProductFacts
    seen: int
    mask: Bools
    # What the facts sell best in order, and those of it that the mask has.
    best_selling: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    share: float = -1.0


class Filter:
    """A condition, split into what depends on the products alone, which is remembered for all of them, and the rest.

    Raises:
        FilterError: the text states none.
    """

    def __init__(self, text: str, known: Mapping[str, Collection[str]] | None = None) -> None:
        self.text = text
        self.node = parse(text, known)
        parts = conjuncts(self.node)
        self._fixed = _together([part for part in parts if part.fixed])
        self._moving = _together([part for part in parts if not part.fixed])
        self._kept: _Kept | None = None
        # Of two requests that follow at once, the one that is behind must not have the last word.
        self._following = Lock()

    def mask(self, facts: ProductFacts) -> Bools:
        """(products,) for which the part holds that depends on products alone. Belongs to the filter: not to be written to."""
        return self._current(facts).mask

    def best_selling(self, facts: ProductFacts) -> NDArray[np.int64]:
        """Rows of :meth:`mask`, what sells best first."""
        kept, order = self._current(facts), facts.best_selling
        found = kept.best_selling
        # The order is another one after each look at what was sold, though no product passes the filter for that.
        if found is None or found[0] is not order:
            found = kept.best_selling = order, order[kept.mask[order]]
        return found[1]

    @property
    def moves(self) -> bool:
        """Whether it looks at more than the products alone."""
        return self._moving is not None

    def share(self, facts: ProductFacts) -> float:
        """Of all products, how many :meth:`mask` lets through, 0 to 1."""
        kept = self._current(facts)
        if kept.share < 0:
            kept.share = float(kept.mask.mean()) if len(kept.mask) else 0.0
        return kept.share

    def holds(self, facts: ProductFacts, rows: Any, *, this: int = -1, now_ms: int = 0) -> Bools:
        """Whether the whole condition holds, for rows of the facts.

        Args:
            rows: index array, or a slice.
            this: row of the product in view, -1 for none.
        """
        found: Bools = np.array(self.mask(facts)[rows], np.bool_)
        if self._moving is None:
            return found
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            moving = self._moving.of(Products(columns_of(facts), rows, this, now_ms))
        found &= np.asarray(moving, np.bool_)
        return found

    def _current(self, facts: ProductFacts) -> _Kept:
        kept = self._kept
        if kept is not None and kept.facts is facts and kept.seen == len(facts.changed):
            return kept
        with self._following:
            kept, seen = self._kept, len(facts.changed)
            if kept is None or kept.facts is not facts:
                self._kept = kept = _Kept(facts, seen, self._ask(facts, ALL))
            elif kept.seen != seen:
                # In place: a row's answer is right at once, and others are not touched.
                rows = np.array(facts.changed[kept.seen : seen], np.int64)
                found = self._ask(facts, rows)
                if not np.array_equal(kept.mask[rows], found):
                    kept.mask[rows] = found
                    kept.best_selling, kept.share = None, -1.0
                kept.seen = seen
            return kept

    def _ask(self, facts: ProductFacts, rows: Any) -> Bools:
        count = len(facts) if rows is ALL else len(rows)
        if self._fixed is None:
            return np.ones(count, np.bool_)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = self._fixed.of(Products(columns_of(facts), rows))
        return np.array(np.broadcast_to(found, count), np.bool_)


def _together(parts: list[Node]) -> Node | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else All(tuple(parts))
