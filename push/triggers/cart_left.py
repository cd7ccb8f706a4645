"""Cart left: something lies in a shopper's open cart, and nothing has happened to it for a while."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from push.campaigns.models import Campaign
from push.triggers.base import OF_SHOPPER, Trigger, Wanted
from shop.carts.from_events import ending_orders
from shop.carts.models import Cart, CartLine
from shop.orders.models import Order

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class CartLeft(Trigger):
    """One run a cart, ever: a cart is reminded once. The order ends it."""

    name = "cart_left"
    label = _("Cart left")
    run = _("one cart")
    exit_events = frozenset({"order_completed"})
    # A cart older than the second was left before anybody thought of reminding.
    options = {"idle_minutes": 60, "at_most_hours_old": 72}

    def due(self, campaign: Campaign, now: datetime) -> QuerySet[Any, Any]:
        """Open carts of known shoppers, with something in them, idle since before ``idle_minutes``, and no order since.

        Shops elsewhere may place orders through the API: that ends no cart of ours.
        """
        idle_since = now - timedelta(minutes=self.option(campaign, "idle_minutes"))
        oldest = now - timedelta(hours=self.option(campaign, "at_most_hours_old"))
        carts = Cart.objects.filter(
            status=Cart.Status.OPEN, shopper__isnull=False, updated_at__lte=idle_since, updated_at__gte=oldest
        )
        filled = carts.filter(pk__in=CartLine.objects.values("cart")).exclude(Exists(_ordered_since()))
        return filled.values_list("shopper_id", Cast("id", CharField()), "updated_at", *OF_SHOPPER)

    def about(self, run_keys: Collection[str]) -> dict[str, list[Wanted]]:
        """The lines of those carts that are still open and not empty."""
        ids = [key for key in run_keys if _UUID.fullmatch(key)]
        lines = CartLine.objects.filter(cart__in=map(UUID, ids), cart__status=Cart.Status.OPEN).order_by(
            "added_at", "id"
        )
        wanted: dict[str, list[Wanted]] = defaultdict(list)
        for line in lines:
            wanted[str(line.cart_id)].append(Wanted(line.product_id, line.quantity, line.price_when_added))
        return dict(wanted)


def _ordered_since() -> QuerySet[Order]:
    return ending_orders().filter(shopper=OuterRef("shopper"), placed_at__gt=OuterRef("updated_at"))
