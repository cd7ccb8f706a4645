"""What the shopper buys again and again, when it is due."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.buy_again import BuyAgain as Algorithm
from recommender.asking import Rows
from recommender.slates.slate import Reason, SlateItem
from recommender.slots.types.base import Ask, Pool, SlotType
from recommender.slots.types.trained import part_of

# A product bought this share of its usual time ago is due.
DUE = 0.7
# Decayed purchases that make a habit.
OFTEN = 1.5


class BuyAgain(SlotType):
    """The shopper's own purchases, by how often and how lately, and how readily anybody buys that product again.

    Where the champion keeps times of purchases, what was bought less than ``DUE`` of the shopper's usual time between two purchases
    of it ago waits: nobody needs flour again the day after.
    """

    name = "buy_again"
    label = gettext_noop("Frequently repurchased")
    task = "email"

    def pool(self, ask: Ask) -> Pool:
        """From the history of the champion for e-mails, or of the home page's."""
        model = ask.models("email") or ask.models("home")
        if model is None or not ask.known.shopper_id:
            return Pool()
        past = model.history.known(ask.known.shopper_id)
        rows, counts = past.get("history", np.zeros(0, np.int32)), past.get("counts", np.zeros(0, np.float32))
        if not len(rows):
            return Pool()
        again = part_of(model, Algorithm.name)
        worth = counts * (again.again_[rows] if isinstance(again, Algorithm) else 1.0)
        worth = np.where(_waits(rows, past["bought"], past["bought_ms"], ask.at_ms), 0.0, worth)
        order = np.argsort(-worth, kind="stable")
        order = order[worth[order] > 0]
        best = max(float(worth.max()), 1e-9)

        def why(position: int) -> tuple[Reason, str]:
            often = counts[order[position]] >= OFTEN
            return Reason("again" if often else "bought_before"), self.name

        return Pool([model.product_ids[row] for row in rows[order].tolist()], (worth[order] / best).tolist(), why)

    def heading(self, ask: Ask, items: Sequence[SlateItem]) -> Reason:
        """What it is, where the shopper bought half of it."""
        return Reason("buy_again" if self.is_mostly_of(items) else "popular")

    def is_known(self, ask: Ask) -> bool:
        """Who it is."""
        return bool(ask.known.shopper_id)


def _waits(rows: Rows, bought: Rows, bought_ms: NDArray[np.int64], now_ms: int) -> NDArray[np.bool_]:
    """Of each product whether it is not due yet; False where it was bought fewer than three times: two gaps make a habit."""
    waits = np.zeros(len(rows), np.bool_)
    for place, row in enumerate(rows.tolist() if len(bought) else ()):
        times = np.unique(bought_ms[bought == row])
        if len(times) >= 3:
            waits[place] = now_ms - times[-1] < DUE * float(np.median(np.diff(times)))
    return waits
