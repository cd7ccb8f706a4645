"""Carts of shops that send events and nothing else: what was added and removed since the last order, kept as a cart row.

A cart is a function of the stored events, told anew whenever one of them comes: twice, late or in the wrong order makes no
difference. Its id is that of the event it began with. A cart that the storefront keeps is left alone.

Whose an event is, a secret key says, or the browser whose link to a shopper is vouched for: with a publishable key anybody may name
anybody. What a browser did before a log-in, or the shop's server, vouched for it becomes the shopper's then.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from shop import clock
from shop.carts.editing import MOST_OF_ONE
from shop.carts.models import Cart, CartLine
from shop.catalogue.models import Product
from shop.events.consumers import Consumer
from shop.events.ids import lowest_id
from shop.events.models import Event
from shop.events.stream import StreamEntry
from shop.events.types import SERVERS, StoredEvent
from shop.orders.models import Order
from shop.people.models import Shopper, Visitor

# The storefront keeps its carts itself.
DOORS = ("api", "segment", "segment_server", "tracker")
EDITS = ("product_added", "product_removed", "order_completed")
JOINS = ("identified", "logged_in", "aliased", "signed_up")
# A cart that nobody has touched for so long is not told any more.
REACH = timedelta(days=7)
STORED_WITHIN_SECONDS = 2.0

log = structlog.get_logger(__name__)

Told = StoredEvent | Event


@dataclass
class _Line:
    quantity: int
    added_at: datetime


@dataclass
class _Contents:
    """What the events leave in the cart.

    Attributes:
        first: what was added first since the last order; None: nothing.
        last_at: the newest event since then.
        ordered_at: the last order; None: none within reach.
    """

    first: Told | None = None
    last_at: datetime | None = None
    visitor_id: str = ""
    ordered_at: datetime | None = None
    lines: dict[str, _Line] = field(default_factory=dict)


class CartsConsumer(Consumer):
    """Keeps the carts of shoppers whose shop sends events only."""

    group = "carts"

    def handle(self, entries: list[StreamEntry]) -> None:
        """Tell the carts anew that these events concern."""
        events = [event for entry in entries if _concerns_carts(event := entry.event())]
        if not events:
            return
        _wait_until_stored(events)
        shoppers = _shoppers_of(events)
        for shopper_id in sorted({shopper_id for shopper_id in shoppers if shopper_id}):
            mine = [event for event, owner in zip(events, shoppers, strict=True) if owner == shopper_id]
            tell(shopper_id, [event for event in mine if event.type in EDITS])


def _concerns_carts(event: StoredEvent) -> bool:
    return event.source in DOORS and event.type in (*EDITS, *JOINS)


def _wait_until_stored(events: Sequence[StoredEvent]) -> None:
    """Events before these are in the table when these are: the group that stores goes through the same stream in order."""
    ids, deadline = {event.id for event in events}, time.monotonic() + STORED_WITHIN_SECONDS
    while Event.objects.filter(id__in=ids).count() < len(ids) and time.monotonic() < deadline:
        time.sleep(0.05)


def _shoppers_of(events: Sequence[StoredEvent]) -> list[str]:
    """The shopper of each event; empty where nobody is known, or only by a browser's own word."""
    visitors = {event.visitor_id for event in events if event.visitor_id}
    linked = dict(Visitor.objects.filter(pk__in=visitors, vouched=True).values_list("pk", "shopper_id"))
    return [_shopper_of(event, linked.get(event.visitor_id, "")) for event in events]


def _shopper_of(event: StoredEvent, linked: str) -> str:
    if event.source in SERVERS and event.shopper_id:
        return event.shopper_id
    return linked if event.shopper_id in ("", linked) else ""


@transaction.atomic
def tell(shopper_id: str, also: Iterable[StoredEvent] = ()) -> Cart | None:
    """Make the open cart of a shopper what the events say; return it, None where there is none or it is the storefront's.

    Args:
        also: events that may not be stored yet.
    """
    # One teller a shopper at a time.
    shopper = Shopper.objects.select_for_update(no_key=True).filter(pk=shopper_id, erased_at=None).first()
    if shopper is None:
        return None
    open_cart = Cart.objects.filter(shopper=shopper, status=Cart.Status.OPEN).first()
    if open_cart is not None and not open_cart.from_events:
        return None
    since = clock.now() - REACH
    if open_cart is not None:
        since = min(since, open_cart.created_at)
    contents = _contents(_edits(shopper, since, also), _last_order(shopper))
    if open_cart is not None and contents.ordered_at is not None and contents.ordered_at >= open_cart.created_at:
        open_cart.status = Cart.Status.ORDERED
        open_cart.save(update_fields=["status"])
        open_cart = None
    if contents.first is None:
        return None
    # An event from before that comes late makes no other cart: it would be reminded of again.
    return _write(shopper, contents.first.id if open_cart is None else open_cart.pk, contents)


def _edits(shopper: Shopper, since: datetime, also: Iterable[StoredEvent]) -> list[Told]:
    """The shopper's events about carts, oldest first, each once."""
    visitors = list(Visitor.objects.filter(shopper=shopper, vouched=True).values_list("pk", flat=True))
    said = Q(shopper_id=shopper.pk, source__in=SERVERS)
    whose = said | Q(visitor_id__in=visitors, shopper_id__in=["", shopper.pk])
    stored = Event.objects.filter(whose, type__in=EDITS, source__in=DOORS, id__gte=lowest_id(since))
    found: dict[UUID, Told] = {event.id: event for event in also}
    found |= {event.id: event for event in stored}
    return sorted(found.values(), key=lambda event: (event.occurred_at, event.id.int))


def _last_order(shopper: Shopper) -> datetime | None:
    """When the shopper last ordered by an order of ours: shops may send orders without an event."""
    last: datetime | None = ending_orders().filter(shopper=shopper).aggregate(at=Max("placed_at"))["at"]
    return last


def ending_orders() -> QuerySet[Order]:
    """Orders after which a cart is not left any more."""
    return Order.objects.exclude(status__in=[Order.Status.DECLINED, Order.Status.CANCELLED])


def _contents(events: Iterable[Told], last_order: datetime | None) -> _Contents:
    contents = _Contents(ordered_at=last_order)
    for event in events:
        if last_order is not None and event.occurred_at <= last_order:
            continue
        if event.type == "order_completed":
            contents = _Contents(ordered_at=event.occurred_at)
            continue
        line = contents.lines.get(event.product_id)
        if event.type == "product_added":
            line = contents.lines.setdefault(event.product_id, _Line(0, event.occurred_at))
            line.quantity = min(line.quantity + max(event.quantity or 1, 1), MOST_OF_ONE)
            contents.first = contents.first or event
        elif line is not None:
            line.quantity -= line.quantity if event.quantity is None else max(event.quantity, 0)
            if line.quantity <= 0:
                del contents.lines[event.product_id]
        contents.last_at, contents.visitor_id = event.occurred_at, event.visitor_id or contents.visitor_id
    return contents


def _write(shopper: Shopper, key: UUID, contents: _Contents) -> Cart | None:
    assert contents.first is not None
    values = {
        "visitor_id": contents.visitor_id,
        "shopper": shopper,
        "status": Cart.Status.OPEN,
        "updated_at": contents.last_at,
        "from_events": True,
    }
    try:
        with transaction.atomic():
            cart, _made = Cart.objects.update_or_create(
                pk=key, defaults=values, create_defaults={**values, "created_at": contents.first.occurred_at}
            )
    except IntegrityError:
        # The storefront has just opened one.
        return None
    prices: dict[str, Decimal] = dict(cart.lines.values_list("product_id", "price_when_added"))
    products = Product.objects.in_bulk(list(contents.lines))
    cart.lines.all().delete()
    CartLine.objects.bulk_create(
        CartLine(
            cart=cart,
            product=products[product_id],
            quantity=line.quantity,
            price_when_added=prices.get(product_id, products[product_id].price),
            added_at=line.added_at,
        )
        for product_id, line in contents.lines.items()
        if product_id in products
    )
    return cart
