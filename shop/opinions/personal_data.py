"""Opinions as a part of what is known of a person (:mod:`shop.people.erasure`)."""

from __future__ import annotations

import structlog
from django.db.models import Q, QuerySet

from shop import valkey
from shop.opinions import copies
from shop.opinions.models import Opinion
from shop.people.erasure import Erased, Rows, rows_of
from shop.people.models import Shopper, Visitor

log = structlog.get_logger(__name__)


class OpinionsPart:
    """What they said of products, and what their browsers said before they were known."""

    name = "opinions"

    def _opinions(self, shopper: Shopper) -> QuerySet[Opinion]:
        visitors = Visitor.objects.filter(shopper=shopper).values("id")
        return Opinion.objects.filter(Q(shopper=shopper) | Q(shopper=None, visitor_id__in=visitors))

    def export(self, shopper: Shopper) -> Rows:
        """Each opinion, oldest first."""
        return rows_of(self._opinions(shopper).order_by("at", "id"), ("product_id", "kind", "at", "until"))

    def erase(self, shopper: Shopper) -> Erased:
        """All of them, and their copies in Valkey."""
        removed, _ = self._opinions(shopper).delete()
        owners = [copies.key(shopper_id=shopper.pk)]
        owners += [
            copies.key(visitor_id=pk) for pk in Visitor.objects.filter(shopper=shopper).values_list("pk", flat=True)
        ]
        try:
            for owner in owners:
                copies.forget(owner)
        except valkey.AWAY as error:
            # The copies name nobody once the links are gone, and end by themselves.
            log.warning("hidden_products_not_forgotten", reason=str(error))
        return Erased(self.name, removed)
