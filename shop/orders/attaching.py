"""A guest's order becomes an account's: the one order they hold the link of, no other with the same address."""

from __future__ import annotations

from django.db import transaction

from shop.events.visitors import BrowsingVisitor
from shop.orders.models import Order
from shop.people.merging import link_visitor
from shop.people.models import Address, Shopper
from shop.people.registering import register


class AlreadyAttached(Exception):
    """The order belongs to somebody."""


@transaction.atomic
def attach(order: Order, shopper: Shopper) -> Order:
    """Let a guest's order be the shopper's.

    Raises:
        AlreadyAttached: it is somebody's already (the same shopper's is fine).
    """
    if not Order.objects.filter(pk=order.pk, shopper=None).update(shopper=shopper):
        order.refresh_from_db()
        if order.shopper_id != shopper.pk:
            raise AlreadyAttached(order.number)
    order.shopper = shopper
    return order


@transaction.atomic
def register_after(order: Order, password: str, *, visitor: BrowsingVisitor, locale: str = "en") -> Shopper:
    """Make an account of a guest's order: its address, name, phone and street become the account's.

    An address typed at checkout proves nothing, so earlier orders under it are not attached.

    Raises:
        AddressTaken: there is an account with the order's address; log in instead.
        AlreadyAttached: the order belongs to somebody.
    """
    shopper = register(order.email, password, name=order.name, phone=order.phone, locale=locale)
    attach(order, shopper)
    if order.street:
        Address.objects.create(
            shopper=shopper,
            name=order.name,
            street=order.street,
            postcode=order.postcode,
            town=order.town,
            country=order.country or "US",
            is_default=True,
        )
    if visitor.consented:
        visitor.become(link_visitor(visitor.id, shopper))
    return shopper
