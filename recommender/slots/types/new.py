"""What the shop has not had for long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.slates.slate import Reason, SlateItem
from recommender.slots.types.base import Ask, Pool, SlotType

# Older than this is not new.
DAYS = 60.0
DAY_MS = 86_400_000


class New(SlotType):
    """Products of the last ``DAYS`` days, the newest first; what a shop imported all at once is no news and is left out."""

    name = "new"
    label = gettext_noop("New products")
    explores = True

    def pool(self, ask: Ask) -> Pool:
        """By the moment at which they became known."""
        facts = ask.facts
        age = (ask.at_ms - facts.created_ms) / DAY_MS
        young = self._young(ask)
        order = young[np.lexsort((-facts.units_sold[young], age[young]))][: ask.depth]
        return Pool(
            [facts.ids[row] for row in order.tolist()],
            np.clip(1 - age[order] / DAYS, 0.001, 1).tolist(),
            lambda position: (Reason("new"), self.name),
        )

    def _young(self, ask: Ask) -> NDArray[np.int64]:
        created = ask.facts.created_ms
        young: NDArray[np.int64] = np.flatnonzero(ask.at_ms - created < DAYS * DAY_MS)
        if 2 * len(young) > len(created):
            # A catalogue that is new as a whole: only what came after its first day.
            young = young[created[young] > created.min() + DAY_MS]
        return young

    def may_explore(self, ask: Ask, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those that are new."""
        return rows[np.isin(rows, self._young(ask))]

    def heading(self, ask: Ask, items: Sequence[SlateItem]) -> Reason:
        """What it is."""
        return Reason("new_here" if self.is_mostly_of(items) else "popular")

    def is_known(self, ask: Ask) -> bool:
        """It is the same for everybody, and right so."""
        return False
