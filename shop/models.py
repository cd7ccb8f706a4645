"""Table of contents: every model of the room, so that Django finds them."""

from shop.api.models import ApiKey, IdempotentAnswer
from shop.carts.models import Cart, CartLine
from shop.catalogue.models import Category, Product, Review
from shop.catalogue.search.models import SearchWord
from shop.demo.models import DemoStep
from shop.events.models import Event, EventHour, FunnelDay, OutboxEvent, PoisonEvent
from shop.operators.models import AuditEntry
from shop.opinions.models import Opinion
from shop.orders.models import Order, OrderLine, Refund
from shop.people.models import Address, Consent, Shopper, User, Visitor

__all__ = [
    "Address",
    "ApiKey",
    "AuditEntry",
    "Cart",
    "CartLine",
    "Category",
    "Consent",
    "DemoStep",
    "Event",
    "EventHour",
    "FunnelDay",
    "IdempotentAnswer",
    "Opinion",
    "Order",
    "OrderLine",
    "OutboxEvent",
    "PoisonEvent",
    "Product",
    "Refund",
    "Review",
    "SearchWord",
    "Shopper",
    "User",
    "Visitor",
]
