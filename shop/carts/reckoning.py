"""What a cart comes to, and what changed in it since its products were put there. Money is Decimal, in the shop's currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext as _

from shop.carts.models import Cart, CartLine
from shop.catalogue.models import Product

ZERO = Decimal("0.00")


class ChangeKind(StrEnum):
    """What can change under a cart."""

    PRICE_UP = "price_up"
    PRICE_DOWN = "price_down"
    LESS_STOCK = "less_stock"
    SOLD_OUT = "sold_out"
    NOT_SOLD = "not_sold"


@dataclass(frozen=True)
class Change:
    """One change to tell the shopper: ``before`` and ``after`` are prices, or quantities for :attr:`ChangeKind.LESS_STOCK`."""

    kind: ChangeKind
    product: Product
    before: Decimal | int | None = None
    after: Decimal | int | None = None

    def __str__(self) -> str:
        words = {
            ChangeKind.PRICE_UP: _("%(name)s now costs %(after)s instead of %(before)s."),
            ChangeKind.PRICE_DOWN: _("%(name)s now costs only %(after)s instead of %(before)s."),
            ChangeKind.LESS_STOCK: _("Only %(after)s of %(name)s are left."),
            ChangeKind.SOLD_OUT: _("%(name)s is sold out."),
            ChangeKind.NOT_SOLD: _("%(name)s is no longer sold."),
        }
        return words[self.kind] % {"name": self.product.name, "before": self.before, "after": self.after}

    @property
    def blocks(self) -> bool:
        """Whether the line cannot be ordered as it stands."""
        return self.kind in (ChangeKind.LESS_STOCK, ChangeKind.SOLD_OUT, ChangeKind.NOT_SOLD)


@dataclass(frozen=True)
class SummaryLine:
    """A line at today's price."""

    line: CartLine
    product: Product
    quantity: int
    unit_price: Decimal
    total: Decimal


@dataclass(frozen=True)
class Summary:
    """What a cart comes to today."""

    lines: list[SummaryLine] = field(default_factory=list)
    subtotal: Decimal = ZERO
    delivery: Decimal = ZERO
    discount: Decimal = ZERO
    total: Decimal = ZERO
    currency: str = ""
    free_delivery_missing: Decimal = ZERO

    @property
    def count(self) -> int:
        """Pieces in the cart."""
        return sum(line.quantity for line in self.lines)


def delivery_cost(subtotal: Decimal) -> Decimal:
    """What bringing goods worth ``subtotal`` costs: nothing from ``FREE_DELIVERY_FROM`` on (or where there are no goods)."""
    return ZERO if subtotal == 0 or subtotal >= settings.FREE_DELIVERY_FROM else settings.DELIVERY_PRICE


def cart_lines(cart: Cart) -> list[CartLine]:
    """The lines of a cart with their products, in the order they were added."""
    return list(cart.lines.select_related("product", "product__category"))


def summary(cart: Cart | None) -> Summary:
    """What the cart comes to at today's prices; an empty summary for None."""
    if cart is None:
        return Summary(currency=settings.CURRENCY)
    return reckon(cart_lines(cart))


def reckon(lines: Iterable[CartLine]) -> Summary:
    """Sum up lines whose products are loaded."""
    rows = [
        SummaryLine(line, line.product, line.quantity, line.product.price, line.product.price * line.quantity)
        for line in lines
    ]
    subtotal = sum((row.total for row in rows), ZERO)
    delivery = delivery_cost(subtotal)
    return Summary(
        lines=rows,
        subtotal=subtotal,
        delivery=delivery,
        total=subtotal + delivery,
        currency=settings.CURRENCY,
        free_delivery_missing=max(settings.FREE_DELIVERY_FROM - subtotal, ZERO) if rows else ZERO,
    )


def changes(cart: Cart | None) -> list[Change]:
    """What changed in price or stock since the products were put into the cart; empty where nothing did."""
    return [] if cart is None else changes_of(cart_lines(cart))


def changes_of(lines: Iterable[CartLine]) -> list[Change]:
    """The changes of lines whose products are loaded."""
    found = []
    for line in lines:
        product = line.product
        if not product.active:
            found.append(Change(ChangeKind.NOT_SOLD, product))
            continue
        if product.stock < 1:
            found.append(Change(ChangeKind.SOLD_OUT, product))
            continue
        if product.stock < line.quantity:
            found.append(Change(ChangeKind.LESS_STOCK, product, line.quantity, product.stock))
        if product.price != line.price_when_added:
            kind = ChangeKind.PRICE_UP if product.price > line.price_when_added else ChangeKind.PRICE_DOWN
            found.append(Change(kind, product, line.price_when_added, product.price))
    return found
