"""Smallest valid carts, contacts and orders."""

from __future__ import annotations

from typing import Any

from shop.carts import editing
from shop.events.visitors import BrowsingVisitor
from shop.models import Cart, Order, Product, Shopper
from shop.orders.payment import ACCEPTED_CARD
from shop.orders.placing import Contact, checkout_key_of, place_order

from .people import make_visitor

CONTACT = Contact(
    email="grace.hopper@example.org",
    name="Grace Hopper",
    phone="+1 202 555 0143",
    street="17 Compiler Street",
    postcode="22202",
    town="Arlington",
)


def make_cart(visitor: BrowsingVisitor, *products: Product, shopper: Shopper | None = None) -> Cart:
    cart = editing.open_cart(visitor.id, shopper)
    for product in products:
        editing.add(cart, product.pk)
    return cart


def order_cart(cart: Cart, visitor: BrowsingVisitor | None = None, **options: Any) -> Order:
    options = {"checkout_key": checkout_key_of(cart), "contact": CONTACT, "card_number": ACCEPTED_CARD, **options}
    return place_order(cart, visitor=visitor or make_visitor(), **options)
