"""What ends up in the same basket or visit as the product in view."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop

from recommender.slates.slate import Reason
from recommender.slots.types.base import Ask, Pool
from recommender.slots.types.trained import Trained


class BoughtTogether(Trained):
    """What ends up in the same basket or visit as the product in view; what sells in its category where no session says."""

    name = "bought_together"
    label = gettext_noop("Bought together")
    task = "product"
    explores = True

    def pool(self, ask: Ask) -> Pool:
        """The champion's candidates; of a product that it does not know, which could be anybody's, those of its category first."""
        pool, model = super().pool(ask), ask.models(self.task)
        if model is None or ask.this < 0 or ask.known.product_id in model.row:
            return pool
        return _behind(_of_category(ask), pool, Reason("popular_in_category", {"category": _path(ask)}))


def _path(ask: Ask) -> str:
    return ask.facts.category_paths[ask.facts.category.item(ask.this)]


def _of_category(ask: Ask) -> list[str]:
    """What sells best of the category of the product in view."""
    facts = ask.facts
    order = facts.best_selling
    rows = order[facts.category[order] == facts.category[ask.this]]
    return [facts.ids[each] for each in rows[: ask.depth].tolist()]


def _behind(first: list[str], pool: Pool, reason: Reason) -> Pool:
    """``pool`` behind the products of ``first``, none twice."""
    named = set(first)
    kept = [place for place, product_id in enumerate(pool.ids) if product_id not in named]
    above = np.linspace(1, 0.5, len(first), endpoint=False).tolist()
    below = [0.5 * pool.scores[place] for place in kept]

    def why(position: int) -> tuple[Reason, str]:
        return (reason, "popular") if position < len(first) else pool.why(kept[position - len(first)])

    return Pool([*first, *(pool.ids[place] for place in kept)], [*above, *below], why)
