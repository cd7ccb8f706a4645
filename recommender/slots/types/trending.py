"""What is bought and looked at more than usual of late."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext_noop

from recommender.algorithms.popular import Popular
from recommender.slates.slate import Reason, SlateItem
from recommender.slots.types.base import Ask, Pool, SlotType
from recommender.slots.types.trained import part_of

# Pieces sold that every product is taken to have sold before: one sale is no trend.
PRIOR = 20.0


class Trending(SlotType):
    """Products that are popular of late (an act of a week ago counts half: the algorithm ``popular``) for what they sold ever.

    Score: popularity of late over the square root of all pieces sold.
    """

    name = "trending"
    label = gettext_noop("Trending")
    task = "home"
    explores = True

    def pool(self, ask: Ask) -> Pool:
        """By the champion's own popularity; nothing where it has none."""
        model = ask.models(self.task)
        popular = part_of(model, Popular.name)
        if model is None or not isinstance(popular, Popular):
            return Pool()
        rows = popular.top_
        ids = [model.product_ids[row] for row in rows.tolist()]
        sold = np.array([ask.facts.units_sold[ask.facts.row[each]] if each in ask.facts.row else 0 for each in ids])
        score = popular.score_[rows] / np.sqrt(sold + PRIOR)
        order = np.argsort(-score, kind="stable")
        best = max(float(score.max()), 1e-9) if len(score) else 1.0
        return Pool(
            [ids[place] for place in order.tolist()],
            (score[order] / best).tolist(),
            lambda position: (Reason("trending"), self.name),
        )

    def heading(self, ask: Ask, items: Sequence[SlateItem]) -> Reason:
        """What it is."""
        return Reason("trending_now" if self.is_mostly_of(items) else "popular")

    def is_known(self, ask: Ask) -> bool:
        """It is the same for everybody, and right so."""
        return False
