"""Signed links to a guest's order: whoever holds one sees the order, nobody else does."""

from __future__ import annotations

from uuid import UUID

from django.core import signing

from shop.orders.models import Order

_SALT = "shop.orders.links"
# Long enough to return goods; it stands in the e-mails about the order.
MAX_AGE_SECONDS = 180 * 24 * 3600


def token(order: Order) -> str:
    """The token of an order's link, URL-safe."""
    return signing.dumps(order.pk.hex, salt=_SALT)


def order_of(token: str) -> Order | None:
    """The order that ``token`` shows, or None where it is forged or too old."""
    try:
        pk = UUID(hex=signing.loads(token, salt=_SALT, max_age=MAX_AGE_SECONDS))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Order.objects.filter(pk=pk).first()
