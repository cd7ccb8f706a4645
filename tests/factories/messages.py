"""Messages: material that renders without a database, and rows of campaigns, steps, messages."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from push.campaigns.models import Campaign, Step
from push.channels.base import Item, Material
from push.delivery.keys import message_id
from push.delivery.models import Message
from push.delivery.states import State
from shop import clock
from shop.catalogue.models import Product
from shop.people.models import Shopper

_number = count(1)


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


def make_step(channel: str = "email", topic: str = "cart", **content: Any) -> Step:
    """A step of a running campaign."""
    n = next(_number)
    campaign = Campaign.objects.create(
        name="Cart left",
        slug=f"cart-left-{n}",
        topic=topic,
        status=Campaign.Status.RUNNING,
        kind=Campaign.Kind.BROADCAST,
    )
    return Step.objects.create(campaign=campaign, channel=channel, content=content or {"template": "cart_left"})


def make_message(shopper: Shopper, step: Step | None = None, state: State = State.ACCEPTED, **fields: Any) -> Message:
    """A message that was sent an hour ago."""
    step = step or make_step()
    now = clock.now()
    defaults: dict[str, Any] = {
        "id": message_id(step.campaign_id, step.pk, step.channel, "", shopper.pk),
        "campaign": step.campaign,
        "step": step,
        "shopper": shopper,
        "channel": step.channel,
        "bucket": 5000,
        "state": state,
        "planned_at": now - timedelta(hours=2),
        "scheduled_at": now - timedelta(hours=1),
        "decided_at": now - timedelta(hours=1),
        "settled_at": now - timedelta(hours=1),
    }
    return Message.objects.create(**{**defaults, **fields})
