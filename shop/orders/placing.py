"""Placing an order: stock, order and its ``order_completed`` event in one transaction.

What makes one order of a double click, a retry and two tabs: the cart's row is locked first, and a cart is ordered once
(``Order.cart`` and ``Order.checkout_key`` are unique); whoever comes second gets the order that is there. What sells the last
piece once: products are locked in the order of their ids (so no two orders wait for each other) before their stock is looked at.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shop import clock
from shop.carts.editing import CartClosed
from shop.carts.models import Cart, CartLine
from shop.carts.reckoning import Change, Summary, changes_of, reckon
from shop.catalogue.models import Product
from shop.events.visitors import BrowsingVisitor
from shop.orders.announcing import put_completed
from shop.orders.mailing import mail_soon
from shop.orders.models import Order, OrderLine
from shop.orders.numbers import next_number
from shop.orders.payment import Payment, authorise
from shop.people.encryption import email_hash

_CHECKOUT = uuid.UUID("5f0c8a52-6c0e-5d5b-9a38-7a2f8d1c4b11")


class OrderRefused(Exception):
    """No order was made and nothing was taken; ``str()`` says why, to the shopper."""


class CartEmpty(OrderRefused):
    """There is nothing in the cart."""


class OutOfStock(OrderRefused):
    """Something cannot be delivered; ``changes`` lists each product."""

    def __init__(self, changes: list[Change]) -> None:
        super().__init__(" ".join(str(change) for change in changes))
        self.changes = changes


class PriceChanged(OrderRefused):
    """The total is no longer what the shopper saw; ``total`` is today's, ``changes`` what became dearer or cheaper."""

    def __init__(self, changes: list[Change], total: Decimal) -> None:
        lines = " ".join(str(change) for change in changes)
        super().__init__(f"{lines} {_('The total is now %(total)s.') % {'total': total}}".strip())
        self.changes = changes
        self.total = total


class CardDeclined(OrderRefused):
    """The bank said no."""

    def __init__(self) -> None:
        super().__init__(_("The card was declined. Nothing was charged; try another card."))


@dataclass(frozen=True)
class Contact:
    """Who gets the parcel. ``country`` is ISO 3166-1 alpha-2."""

    email: str
    name: str
    phone: str = ""
    street: str = ""
    postcode: str = ""
    town: str = ""
    country: str = "US"


def checkout_key_of(cart: Cart) -> uuid.UUID:
    """The key for a checkout form: the same in every tab that shows this cart."""
    return uuid.uuid5(_CHECKOUT, str(cart.pk))


def find_placed(checkout_key: uuid.UUID, visitor: BrowsingVisitor, cart_owner: str = "") -> Order | None:
    """The order that this browser or person has placed under ``checkout_key`` already: a retry, or another tab.

    ``cart_owner`` is the id under which the browser's cart was kept, where that is not the visitor's (no consent).
    """
    order = Order.objects.filter(checkout_key=checkout_key).first()
    if order is None:
        return None
    theirs = (visitor.shopper_id and order.shopper_id == visitor.shopper_id) or (
        order.cart is not None and order.cart.visitor_id in (visitor.id, cart_owner)
    )
    return order if theirs else None


def place_order(
    cart: Cart,
    *,
    checkout_key: uuid.UUID,
    contact: Contact,
    card_number: str,
    visitor: BrowsingVisitor,
    expected_total: Decimal | None = None,
) -> Order:
    """Make the cart an order, once.

    Args:
        cart: the open cart; one ordered already gives its order back.
        checkout_key: from the form (:func:`checkout_key_of`).
        contact: who gets it; encrypted in the order.
        card_number: see :mod:`shop.orders.payment`; kept nowhere.
        visitor: who acts; the event names the visitor only with consent.
        expected_total: the total that the shopper saw. Without one, prices must be those of when the products were added.

    Raises:
        CartEmpty, OutOfStock, PriceChanged, CardDeclined: nothing was written.
        CartClosed: the cart was merged into another one.
    """
    with transaction.atomic():
        cart = lock_cart(cart)
        if cart.status == Cart.Status.ORDERED:
            return Order.objects.get(cart=cart)
        if cart.status != Cart.Status.OPEN:
            raise CartClosed(str(cart.pk))
        lines = lock_products(cart)
        bill = check(lines, expected_total)
        payment = authorise(card_number)
        if payment == Payment.DECLINED:
            raise CardDeclined
        take_stock((line.product_id, line.quantity) for line in lines)
        order = _write(cart, bill, contact, checkout_key, visitor, pending=payment == Payment.PENDING)
        if order.status == Order.Status.PAID:
            put_completed(order, visitor_id=visitor.id if visitor.consented else "")
        mail_soon(order)
        return order


def lock_cart(cart: Cart) -> Cart:
    """The cart's row, whatever its status, locked until the transaction ends."""
    return Cart.objects.select_for_update().get(pk=cart.pk)


def lock_products(cart: Cart) -> list[CartLine]:
    """The lines of a cart, their products locked in the order of their ids until the transaction ends."""
    lines = list(cart.lines.order_by("product_id"))
    ids = [line.product_id for line in lines]
    products = {
        row.pk: row for row in Product.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    }
    for line in lines:
        line.product = products[line.product_id]
    return lines


def check(lines: list[CartLine], expected_total: Decimal | None) -> Summary:
    """What lines (products loaded) come to.

    Raises:
        CartEmpty, OutOfStock, PriceChanged: see :func:`place_order`.
    """
    if not lines:
        raise CartEmpty(_("Your cart is empty."))
    changes = changes_of(lines)
    if missing := [change for change in changes if change.blocks]:
        raise OutOfStock(missing)
    bill = reckon(lines)
    dearer = changes if expected_total is None else (bill.total != expected_total)
    if dearer:
        raise PriceChanged(changes, bill.total)
    return bill


def take_stock(quantities: Iterable[tuple[str, int]]) -> None:
    """Take pieces of products out of stock; the products are locked.

    Raises:
        OutOfStock: less is left than wanted, whatever was looked at before (the update asks again).
    """
    for product_id, quantity in sorted(quantities):
        left = Product.objects.filter(pk=product_id, stock__gte=quantity)
        if not left.update(stock=F("stock") - quantity, units_sold=F("units_sold") + quantity):
            raise OutOfStock([])


def _write(
    cart: Cart, bill: Summary, contact: Contact, checkout_key: uuid.UUID, visitor: BrowsingVisitor, *, pending: bool
) -> Order:
    order = Order.objects.create(
        number=next_number(),
        shopper_id=cart.shopper_id,
        visitor_id=visitor.id if visitor.consented else "",
        cart=cart,
        checkout_key=checkout_key,
        status=Order.Status.PENDING if pending else Order.Status.PAID,
        email=contact.email,
        email_hash=email_hash(contact.email) if contact.email else "",
        name=contact.name,
        phone=contact.phone,
        street=contact.street,
        postcode=contact.postcode,
        town=contact.town,
        country=contact.country,
        subtotal=bill.subtotal,
        delivery=bill.delivery,
        discount=bill.discount,
        total=bill.total,
        currency=settings.CURRENCY,
        locale=get_language() or "",
        simulated=bool(getattr(visitor, "simulated", False)),
        placed_at=clock.now(),
    )
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            product=row.product,
            quantity=row.quantity,
            unit_price=row.unit_price,
            slate_id=row.line.slate_id,
        )
        for row in bill.lines
    )
    cart.status = Cart.Status.ORDERED
    cart.updated_at = clock.now()
    cart.save(update_fields=["status", "updated_at"])
    return order
