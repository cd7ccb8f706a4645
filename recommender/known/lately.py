"""What shoppers bought lately and have in their cart, by the database: in messages and batches there is no session that says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from django.db import Error

from shop import clock
from shop.carts.models import Cart, CartLine
from shop.events.sessions import LIFE
from shop.orders.models import Order, OrderLine

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Lately:
    """Product ids: what lies in the open cart, and what was bought within the days that a session reaches back."""

    in_cart: list[str] = field(default_factory=list)
    bought: list[str] = field(default_factory=list)


NOTHING = Lately()


def of_many(shopper_ids: Sequence[str]) -> dict[str, Lately]:
    """That of each shopper who has any, in two queries; of nobody where the database is away."""
    found: defaultdict[str, Lately] = defaultdict(Lately)
    lines = CartLine.objects.filter(cart__shopper__in=shopper_ids, cart__status=Cart.Status.OPEN)
    sold = OrderLine.objects.filter(order__shopper__in=shopper_ids, order__placed_at__gt=clock.now() - LIFE)
    kept = sold.exclude(order__status__in=[Order.Status.DECLINED, Order.Status.CANCELLED])
    try:
        for shopper_id, product_id in lines.order_by("pk").values_list("cart__shopper", "product"):
            found[shopper_id].in_cart.append(product_id)
        for shopper_id, product_id in kept.order_by("order__placed_at", "pk").values_list("order__shopper", "product"):
            found[shopper_id].bought.append(product_id)
    except Error as error:
        log.warning("lately_unread", reason=str(error).strip())
    return found
