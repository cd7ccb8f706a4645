"""Campaigns that run, over shoppers who agreed to e-mail."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from push.campaigns.launching import launch
from push.campaigns.models import Campaign, Step
from push.delivery.claims import campaigns_with_due_messages
from push.delivery.dispatching import dispatch_batch
from shop.models import Shopper, User
from shop.people import consents

_number = count(1)


def make_campaign(*, channels: tuple[str, ...] = ("email",), **fields: Any) -> Campaign:
    """A draft: no holdout, no quiet hours, no recommendations, unless asked for."""
    n = next(_number)
    step = {name: fields.pop(name) for name in ("slate_size", "content", "delay") if name in fields}
    defaults = {"name": f"Campaign {n}", "slug": f"campaign-{n}", "holdout_share": 0, "keep_quiet_hours": False}
    campaign = Campaign.objects.create(**{**defaults, **fields})
    for channel in channels:
        Step.objects.create(campaign=campaign, channel=channel, **{"slate_size": 0, **step})
    return campaign


def running(**fields: Any) -> Campaign:
    """A launched campaign whose time to undo is over."""
    campaign = make_campaign(**fields)
    launch(campaign, actor=None, undo=timedelta(0))
    return campaign


def make_audience(number: int, *, agreed: bool = True, **fields: Any) -> list[Shopper]:
    """Shoppers with an address, without a password (which would cost a tenth of a second each)."""
    users = []
    for _ in range(number):
        user = User(email=f"reader{next(_number)}@example.org", name="Maya Lind", password="!")
        user.set_hashes()
        users.append(user)
    User.objects.bulk_create(users)
    shoppers = [Shopper(id=f"s-{user.email.split('@')[0]}", user=user, **fields) for user in users]
    Shopper.objects.bulk_create(shoppers)
    if agreed:
        for shopper in shoppers:
            consents.give(shopper, "email", source="import")
    return shoppers


def deliver_all() -> int:
    """Dispatch until nothing is due."""
    total = 0
    while done := sum(dispatch_batch(campaign_id) for campaign_id in campaigns_with_due_messages()):
        total += done
    return total
