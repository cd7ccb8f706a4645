"""Orders that another system has taken: written with their event, once for each reference. They take no stock: that system's
stock is the truth, and comes with the catalogue."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from django.conf import settings
from django.db import IntegrityError, transaction

from shop import clock
from shop.catalogue.models import Product
from shop.orders.announcing import put_completed
from shop.orders.models import Order, OrderLine
from shop.orders.numbers import next_number
from shop.people.models import Shopper

_REFERENCE = uuid.UUID("0f0b3a4e-5f52-5b53-8e0c-2d1b7f6f2a11")


class Line(TypedDict):
    """A line as sent."""

    product_id: str
    quantity: int
    unit_price: Decimal


class UnknownRow(Exception):
    """A product or shopper that is not there; ``pointer`` says which."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


def import_order(
    reference: str,
    lines: list[Line],
    *,
    shopper_id: str = "",
    visitor_id: str = "",
    delivery: Decimal = Decimal(0),
    discount: Decimal = Decimal(0),
    placed_at: datetime | None = None,
) -> tuple[Order, bool]:
    """Write an order of the shop's own system; (order, whether it is new). The same reference is the same order.

    Raises:
        UnknownRow: a product or the shopper is not there.
    """
    if known := Order.objects.filter(reference=reference).first():
        return known, False
    _require_known(lines, shopper_id)
    subtotal = sum((line["unit_price"] * line["quantity"] for line in lines), Decimal(0))
    fields: dict[str, Any] = {
        "number": next_number(),
        "reference": reference,
        "checkout_key": uuid.uuid5(_REFERENCE, reference),
        "shopper_id": shopper_id or None,
        "visitor_id": visitor_id,
        "subtotal": subtotal,
        "delivery": delivery,
        "discount": discount,
        "total": max(subtotal + delivery - discount, Decimal(0)),
        "currency": settings.CURRENCY,
        "source": "api",
        "placed_at": placed_at or clock.now(),
    }
    try:
        with transaction.atomic():
            order = Order.objects.create(**fields)
            OrderLine.objects.bulk_create(OrderLine(order=order, **line) for line in lines)
            put_completed(order, visitor_id=visitor_id)
    except IntegrityError:
        return Order.objects.get(reference=reference), False
    return order, True


def _require_known(lines: list[Line], shopper_id: str) -> None:
    if shopper_id and not Shopper.objects.filter(pk=shopper_id, erased_at=None).exists():
        raise UnknownRow("/shopper_id", "There is no such shopper.")
    ids = [line["product_id"] for line in lines]
    known = set(Product.objects.filter(pk__in=ids).values_list("pk", flat=True))
    for index, product_id in enumerate(ids):
        if product_id not in known:
            raise UnknownRow(f"/lines/{index}/product_id", "There is no such product.")
