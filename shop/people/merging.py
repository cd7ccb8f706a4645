"""Who a browser is: a visitor is linked to a shopper when they log in, and never moved to another."""

from __future__ import annotations

from shop.events.visitors import new_visitor_id
from shop.people.models import Shopper, Visitor


def link_visitor(visitor_id: str, shopper: Shopper) -> str:
    """Join the visitor's anonymous history to the shopper's.

    Two people who log in on one browser are never merged: where the visitor belongs to somebody else, the shopper gets a new one.

    Returns:
        The visitor id to use from now on.
    """
    link, _ = Visitor.objects.get_or_create(id=visitor_id, defaults={"shopper": shopper})
    if link.shopper_id == shopper.pk:
        return visitor_id
    fresh = new_visitor_id()
    Visitor.objects.create(id=fresh, shopper=shopper)
    return fresh
