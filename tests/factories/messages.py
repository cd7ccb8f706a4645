"""Material of messages, without a database: the smallest that renders."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from push.campaigns.models import Campaign, Step
from push.channels.base import Item, Material
from shop.catalogue.models import Product


def unsaved_product(number: int = 1, **fields: Any) -> Product:
    """A product that is in no table."""
    defaults = {
        "id": f"p-{number}",
        "slug": f"rolled-oats-{number}",
        "name_en": f"Rolled oats {number}",
        "name_zh": f"燕麦片 {number}",
        "brand": "Sunday Table",
        "size": "42 oz",
        "price": Decimal("3.19"),
        "stock": 40,
    }
    return Product(**{**defaults, **fields})


def unsaved_step(**content: Any) -> Step:
    """An e-mail step of an unsaved campaign."""
    campaign = Campaign(pk=7, name="Cart left", slug="cart-left", topic="cart")
    return Step(pk=3, campaign=campaign, channel="email", content=content or {"template": "cart_left"})


def material(**fields: Any) -> Material:
    """What a message about a cart of two products is rendered from."""
    defaults: dict[str, Any] = {
        "message_id": uuid.UUID("0192a4f0-7b1c-8abc-8def-0123456789ab"),
        "campaign_id": 7,
        "step_id": 3,
        "channel": "email",
        "shopper_id": "s-1",
        "address": "maya@example.org",
        "name": "Maya",
        "locale": "en",
        "items": tuple(Item(unsaved_product(n), reason="Popular this week") for n in range(3)),
        "slate_id": uuid.UUID("0192a4f0-7b1c-7abc-8def-0123456789ab"),
        "heading": "Picked for you",
        "cart": (Item(unsaved_product(8)), Item(unsaved_product(9, stock=2), quantity=2)),
    }
    return Material(**{**defaults, **fields})
