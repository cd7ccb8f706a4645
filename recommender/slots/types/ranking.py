"""Types that put the products of a page in the order of whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.known.contexts import is_known
from recommender.slates.slate import Reason, SlateItem, is_fallback
from recommender.slots.types.base import Ask, Pool, SlotType
from recommender.slots.types.trained import champions_pool

# Candidates of the champion that may lift a product of the page.
DEPTH = 400
# Of what is personal, the champion's share; the rest is how much of the visit and the history is of the product's category.
CHAMPION = 0.6


class Ranking(SlotType):
    """The page's order, moved by what the champion for the home page says and by the categories of visit and history."""

    ranks = True
    task = "home"
    # Of the score: 0 is the page's order, 1 the shopper's own.
    personal: ClassVar[float]

    def pool(self, ask: Ask) -> Pool:
        """Every given product, once."""
        given = list(ask.given)
        count = len(given)
        own = 1 - np.arange(count) / max(count, 1)
        liked = self._liked(ask, given)
        if not liked.any():
            return Pool(given, own.tolist(), lambda position: (Reason("given"), "given"))
        score = (1 - self.personal) * own + self.personal * liked
        order = np.argsort(-score, kind="stable").tolist()
        best = float(score.max())
        return Pool(
            [given[place] for place in order],
            [float(score[place]) / best for place in order],
            lambda position: (Reason("session" if ask.known.seen else "history"), self.name),
        )

    def _liked(self, ask: Ask, given: list[str]) -> NDArray[np.float64]:
        """(given,) 0 to 1: nothing for whom nothing is known."""
        if not self.is_known(ask):
            return np.zeros(len(given))
        proposed = champions_pool(self.task, replace(ask, depth=DEPTH))
        share = dict(zip(proposed.ids, proposed.scores, strict=True))
        wanted = np.array([share.get(product_id, 0.0) for product_id in given])
        facts = ask.facts
        past = [facts.row[each] for each in self._past(ask) if each in facts.row]
        of_category = np.bincount(facts.category[past], minlength=len(facts.category_paths)).astype(np.float64)
        liked = of_category[facts.category[[facts.row[product_id] for product_id in given]]]
        liked /= max(of_category.max(initial=0.0), 1.0)
        found: NDArray[np.float64] = CHAMPION * wanted + (1 - CHAMPION) * liked
        return found

    def _past(self, ask: Ask) -> list[str]:
        model = ask.models(self.task)
        rows = model.history.of(ask.known.shopper_id)[0] if model is not None and ask.known.shopper_id else ()
        names = model.product_ids if model is not None else []
        return [*ask.known.seen, *ask.known.in_cart, *(names[row] for row in rows)]

    def is_known(self, ask: Ask) -> bool:
        """Whether there is a visit or a history: that a shopper has an id says nothing of what they like."""
        return is_known(ask.known, self.task, ask.models(self.task))

    def heading(self, ask: Ask, items: Sequence[SlateItem]) -> Reason:
        """The page has one of its own; asked for a row, it has no more to show than what sells best."""
        return Reason("for_you" if self.is_known(ask) and not is_fallback(tuple(items)) else "popular")
