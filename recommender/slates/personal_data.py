"""What slates keep about people: the part of :mod:`shop.people.erasure` that belongs to this room."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from recommender.slates.models import Slate
from shop.people.erasure import Erased, Rows, rows_of
from shop.people.models import Shopper, Visitor


class SlatesPart:
    """Which products were chosen for the shopper, before they were known too."""

    name = "slates"

    def _slates(self, shopper: Shopper) -> QuerySet[Slate]:
        visitors = list(Visitor.objects.filter(shopper=shopper).values_list("id", flat=True))
        mine = Q(shopper_id=shopper.pk)
        return Slate.objects.filter(mine | Q(visitor_id__in=visitors, shopper_id="") if visitors else mine)

    def export(self, shopper: Shopper) -> Rows:
        """Each slate, oldest first: where, when, which products and why."""
        return rows_of(self._slates(shopper).order_by("at", "id"), ("id", "slot", "at", "model", "items"))

    def erase(self, shopper: Shopper) -> Erased:
        """Take shopper, browser and context out; how often a model was shown stays a figure."""
        kept = self._slates(shopper).update(shopper_id="", visitor_id="", context={})
        return Erased(self.name, 0, kept, "how often a model was shown is a figure of the shop; nobody stands in it")
