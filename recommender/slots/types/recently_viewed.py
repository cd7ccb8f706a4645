"""What was looked at last."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_noop

from recommender.dataset.kinds import KIND_OF_EVENT, Kind
from recommender.slates.slate import Reason, SlateItem
from recommender.slots.types.base import Ask, Pool, SlotType
from shop.events.sessions import acts_of


class RecentlyViewed(SlotType):
    """Products that this browser looked at, the newest first: of this visit, then of those before it."""

    name = "recently_viewed"
    label = gettext_noop("Recently viewed")
    waives = frozenset({"seen_in_visit"})
    fills = False

    def pool(self, ask: Ask) -> Pool:
        """By time."""
        ids = self._looked_at(ask)
        scores = [1 - place / len(ids) for place in range(len(ids))]
        return Pool(ids, scores, lambda position: (Reason("looked_at"), self.name))

    def _looked_at(self, ask: Ask) -> list[str]:
        known = ask.known
        viewed = [product_id for product_id in reversed(known.seen) if product_id in known.viewed]
        earlier = [
            act.product_id
            for act in reversed(acts_of(known.earlier_lines))
            if KIND_OF_EVENT.get(act.type) in (Kind.VIEW, Kind.CLICK)
        ]
        return list(dict.fromkeys([*viewed, *earlier]))

    def heading(self, ask: Ask, items: Sequence[SlateItem]) -> Reason:
        """What it is."""
        return Reason("recent")

    def is_known(self, ask: Ask) -> bool:
        """Whether anything was looked at: else an empty row is right."""
        return bool(self._looked_at(ask))
