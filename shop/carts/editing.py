"""What a cart can be told: open, add, change, remove, merge at login. Nothing here records an event: views do."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from shop import clock
from shop.carts.models import Cart, CartLine
from shop.carts.reckoning import changes, summary
from shop.catalogue.models import Product
from shop.people.models import Shopper

__all__ = [
    "CartClosed",
    "Edit",
    "NotAvailable",
    "accept_changes",
    "add",
    "changes",
    "current_cart",
    "merge_at_login",
    "open_cart",
    "remove",
    "set_quantity",
    "summary",
]

MOST_OF_ONE = 99


class CartClosed(Exception):
    """The cart was ordered or merged meanwhile; open another one."""


class NotAvailable(Exception):
    """The product cannot be put into a cart: unknown, no longer sold, or sold out. ``str()`` says which, to the shopper."""

    def __init__(self, product_id: str, message: str) -> None:
        super().__init__(message)
        self.product_id = product_id


@dataclass(frozen=True)
class Edit:
    """What became of a change.

    Attributes:
        line: the line as it stands now; None where it was removed.
        asked: the quantity wished for.
        given: the quantity that stands in the cart, less than asked where the stock or :data:`MOST_OF_ONE` ends.
    """

    line: CartLine | None
    asked: int
    given: int

    @property
    def short(self) -> bool:
        """Whether less was given than asked for."""
        return self.given < self.asked


def current_cart(visitor_id: str, shopper: Shopper | None = None) -> Cart | None:
    """The open cart of the shopper, or of the visitor where nobody is logged in; None where there is none."""
    carts = Cart.objects.filter(status=Cart.Status.OPEN)
    if shopper is not None:
        return carts.filter(shopper=shopper).first()
    return carts.filter(visitor_id=visitor_id, shopper=None).first()


def open_cart(visitor_id: str, shopper: Shopper | None = None) -> Cart:
    """The open cart of the shopper or visitor, made where there is none (two tabs at once get the same)."""
    if shopper is not None:
        return Cart.objects.get_or_create(
            shopper=shopper, status=Cart.Status.OPEN, defaults={"visitor_id": visitor_id}
        )[0]
    return Cart.objects.get_or_create(visitor_id=visitor_id, shopper=None, status=Cart.Status.OPEN)[0]


def lock_open(cart: Cart) -> Cart:
    """The cart's row, locked until the transaction ends.

    Raises:
        CartClosed: it is no longer open.
    """
    locked = Cart.objects.select_for_update().get(pk=cart.pk)
    if locked.status != Cart.Status.OPEN:
        raise CartClosed(str(cart.pk))
    return locked


def _sold(product_id: str) -> Product:
    product = Product.objects.filter(pk=product_id).first()
    if product is None or not product.active:
        raise NotAvailable(product_id, _("This product is no longer sold."))
    if product.stock < 1:
        raise NotAvailable(product_id, _("This product is sold out."))
    return product


def _touch(cart: Cart) -> None:
    cart.updated_at = clock.now()
    cart.save(update_fields=["updated_at"])


@transaction.atomic
def add(cart: Cart, product_id: str, quantity: int = 1, slate_id: UUID | None = None) -> Edit:
    """Put ``quantity`` more of a product into the cart; at most what is in stock.

    Raises:
        NotAvailable: unknown, not sold any more, or sold out.
        CartClosed: the cart was ordered meanwhile.
    """
    cart = lock_open(cart)
    product = _sold(product_id)
    line = cart.lines.filter(product=product).first()
    asked = (line.quantity if line else 0) + max(quantity, 1)
    given = min(asked, product.stock, MOST_OF_ONE)
    if line is None:
        line = CartLine(cart=cart, product=product, price_when_added=product.price, added_at=clock.now())
    line.quantity, line.slate_id = given, line.slate_id or slate_id
    line.save()
    _touch(cart)
    return Edit(line, asked, given)


@transaction.atomic
def set_quantity(cart: Cart, product_id: str, quantity: int) -> Edit:
    """Let ``quantity`` of a product stand in the cart; zero or less removes it; a product not in it is added.

    Raises:
        NotAvailable, CartClosed: as :func:`add`.
    """
    if quantity <= 0:
        remove(cart, product_id)
        return Edit(None, 0, 0)
    cart = lock_open(cart)
    line = cart.lines.filter(product_id=product_id).first()
    if line is None:
        return add(cart, product_id, quantity)
    given = min(quantity, _sold(product_id).stock, MOST_OF_ONE)
    line.quantity = given
    line.save(update_fields=["quantity"])
    _touch(cart)
    return Edit(line, quantity, given)


@transaction.atomic
def remove(cart: Cart, product_id: str) -> CartLine | None:
    """Take a product out; the line that was removed (for undo: ``add`` its quantity and slate again), or None.

    Raises:
        CartClosed: the cart was ordered meanwhile.
    """
    cart = lock_open(cart)
    line = cart.lines.select_related("product").filter(product_id=product_id).first()
    if line is not None:
        CartLine.objects.filter(pk=line.pk).delete()
        _touch(cart)
    return line


@transaction.atomic
def merge_at_login(visitor_id: str, shopper: Shopper) -> Cart | None:
    """Let the cart filled before logging in become the shopper's: taken over whole, or its lines added to the one they had.

    Running it again changes nothing. Returns the shopper's open cart, or None.
    """
    # One login at a time for a shopper: two browsers that bring a cart each must not both become the open one. The key stays free:
    # whoever has the cart and refers to the shopper asks for it when that is committed, and each would wait for the other.
    Shopper.objects.select_for_update(no_key=True).get(pk=shopper.pk)
    theirs = Cart.objects.select_for_update().filter(shopper=shopper, status=Cart.Status.OPEN).first()
    guest = (
        Cart.objects.select_for_update().filter(visitor_id=visitor_id, shopper=None, status=Cart.Status.OPEN).first()
    )
    if guest is None:
        return theirs
    if theirs is None:
        guest.shopper = shopper
        guest.save(update_fields=["shopper"])
        return guest
    _move_lines(guest, theirs)
    guest.status = Cart.Status.MERGED
    guest.save(update_fields=["status"])
    _touch(theirs)
    return theirs


def _move_lines(source: Cart, target: Cart) -> None:
    there = {line.product_id: line for line in target.lines.all()}
    for line in source.lines.all():
        known = there.get(line.product_id)
        if known is None:
            line.cart = target
            line.save(update_fields=["cart"])
        else:
            known.quantity = min(known.quantity + line.quantity, MOST_OF_ONE)
            known.save(update_fields=["quantity"])


def accept_changes(cart: Cart) -> None:
    """The shopper has seen today's prices: they are no longer a change. Lines above the stock are cut to it."""
    with transaction.atomic():
        cart = lock_open(cart)
        for line in cart.lines.select_related("product").filter(product__active=True, product__stock__gt=0):
            line.price_when_added = line.product.price
            line.quantity = min(line.quantity, line.product.stock)
            line.save(update_fields=["price_when_added", "quantity"])
        cart.lines.exclude(product__active=True, product__stock__gt=0).delete()
