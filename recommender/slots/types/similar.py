"""What could take the place of the product in view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.slates.slate import Reason, SlateItem
from recommender.slots.filters.columns import columns_of
from recommender.slots.types.base import Ask, Pool, SlotType
from recommender.slots.types.trained import champions_pool


class Similar(SlotType):
    """Products like the one in view by their words, where the champion learned those; then of its category, near in price."""

    name = "similar"
    label = gettext_noop("Similar products")
    task = "product"
    explores = True

    def pool(self, ask: Ask) -> Pool:
        """By content, then by category and price."""
        alike = champions_pool(self.task, ask, part="content")
        known = set(alike.ids)
        near = [product_id for product_id in self._near(ask) if product_id not in known]
        least = min(alike.scores, default=1.0)
        below = [least * (1 - place / (len(near) + 1)) for place in range(len(near))]

        def why(position: int) -> tuple[Reason, str]:
            if position < len(alike.ids):
                return alike.why(position)
            return Reason("similar", {"because": ask.known.product_id}), self.name

        return Pool([*alike.ids, *near], [*alike.scores, *below], why)

    def _near(self, ask: Ask) -> list[str]:
        """Products of the category of the one in view, the nearest in price first, the same brand sooner."""
        facts, this = ask.facts, ask.this
        if this < 0:
            return []
        rows = np.flatnonzero(facts.category == facts.category[this])
        brand = columns_of(facts).brand
        distance = np.abs(np.log((facts.price[rows] + 0.01) / (facts.price[this] + 0.01)))
        distance = np.where(brand[rows] == brand[this], distance / 2, distance)
        order = np.lexsort((-facts.units_sold[rows], distance))[: ask.depth]
        return [facts.ids[row] for row in rows[order].tolist()]

    def may_explore(self, ask: Ask, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the category of the one in view."""
        return rows[ask.facts.category[rows] == ask.facts.category[ask.this]] if ask.this >= 0 else rows

    def heading(self, ask: Ask, items: Sequence[SlateItem]) -> Reason:
        """More like this."""
        return Reason("next_to" if ask.known.product_id else "popular")

    def is_known(self, ask: Ask) -> bool:
        """A product is in view."""
        return bool(ask.known.product_id)
