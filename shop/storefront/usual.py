"""The usual basket: what a shopper buys again and again, with the real rhythm of their own orders."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from shop import clock
from shop.catalogue.models import Product
from shop.orders.models import Order, OrderLine
from shop.people.models import Shopper

WINDOW = timedelta(days=365)
FEWEST_ORDERS = 3
MOST_PRODUCTS = 8
FEWEST_PRODUCTS = 3


@dataclass(frozen=True)
class UsualLine:
    """A product bought in at least three orders: the usual quantity, and how often (days between orders, median)."""

    product: Product
    quantity: int
    orders: int
    every_days: int
    last_at: datetime


@dataclass(frozen=True)
class UsualBasket:
    """The lines; how often they are bought (median of their rhythms, in days); days since any of them was."""

    lines: list[UsualLine]
    every_days: int
    last_days_ago: int

    @property
    def total(self) -> Decimal:
        """What it comes to at today's prices."""
        return sum((line.product.price * line.quantity for line in self.lines), Decimal(0))


def days_between(times: Sequence[datetime]) -> int:
    """Median days between ``times`` (any order), at least 1."""
    ordered = sorted(times)
    gaps = [(later - earlier).total_seconds() / 86_400 for earlier, later in itertools.pairwise(ordered)]
    return max(1, round(median(gaps))) if gaps else 1


def _bought(shopper: Shopper) -> dict[str, list[tuple[datetime, int]]]:
    lines = OrderLine.objects.filter(
        order__shopper=shopper, order__placed_at__gte=clock.now() - WINDOW, order__status__in=_COUNTING
    )
    bought = defaultdict(list)
    for product_id, quantity, at in lines.values_list("product_id", "quantity", "order__placed_at"):
        bought[product_id].append((at, quantity))
    return bought


_COUNTING = (Order.Status.PAID, Order.Status.SHIPPED)


def usual_line(shopper: Shopper | None, product: Product) -> UsualLine | None:
    """How ``shopper`` buys ``product``, or None where they have not bought it in three orders."""
    if shopper is None:
        return None
    lines = OrderLine.objects.filter(
        order__shopper=shopper,
        product=product,
        order__placed_at__gte=clock.now() - WINDOW,
        order__status__in=_COUNTING,
    )
    acts = [(at, quantity) for quantity, at in lines.values_list("quantity", "order__placed_at")]
    return _line(product, acts) if len(acts) >= FEWEST_ORDERS else None


def _line(product: Product, acts: list[tuple[datetime, int]]) -> UsualLine:
    # Two tills on one day are one shopping trip.
    times = list({at.date(): at for at, _ in acts}.values())
    quantity = round(median(quantity for _, quantity in acts))
    return UsualLine(product, max(1, quantity), len(acts), days_between(times), max(times))


def usual_basket(shopper: Shopper | None) -> UsualBasket | None:
    """The usual basket of ``shopper``, most regular first; None where fewer than three products repeat."""
    if shopper is None or not shopper.personalised:
        return None
    bought = {pk: acts for pk, acts in _bought(shopper).items() if len(acts) >= FEWEST_ORDERS}
    ids = sorted(bought, key=lambda pk: (-len(bought[pk]), pk))[: 2 * MOST_PRODUCTS]
    products = Product.objects.filter(active=True, stock__gt=0).select_related("category").in_bulk(ids)
    # Of products that share a name (four spring waters) the one bought most often stands for them.
    by_name = {products[pk].name: pk for pk in reversed(ids) if pk in products}
    lines = [_line(products[pk], bought[pk]) for pk in ids if pk in by_name.values()][:MOST_PRODUCTS]
    if len(lines) < FEWEST_PRODUCTS:
        return None
    rhythm = round(median(line.every_days for line in lines))
    return UsualBasket(lines, rhythm, (clock.now() - max(line.last_at for line in lines)).days)
