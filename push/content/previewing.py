"""A message as a shopper would get it now, before it is sent: by the functions that send it, so that both are the same octets."""

from __future__ import annotations

from dataclasses import replace

from push.campaigns.models import Campaign, Step
from push.channels import CHANNELS
from push.channels.base import Rendered
from push.content.rendering import ContentError, prepare
from push.delivery import facts, showing
from push.delivery.keys import message_id
from push.delivery.models import Message
from shop import clock
from shop.people.models import Shopper


def preview(
    campaign: Campaign, step: Step, channel: str, shopper: Shopper, *, run_key: str = "", counted: bool = True
) -> Rendered:
    """What ``shopper`` would be sent by ``step`` on ``channel`` at this moment. Nothing is stored or sent.

    Args:
        run_key: what a triggered message is about (a cart's id), or the day of a recurring campaign.
        counted: False for a test send: its links leave no trace. True gives the octets that will be sent, as long as neither the
            slate, nor prices and stock have changed until then.

    Raises:
        ContentError: the content cannot be used, or nothing is left of what the message is about.
    """
    now = clock.now()
    message = Message(
        id=message_id(campaign.pk, step.pk, channel, run_key, shopper.pk),
        campaign=campaign,
        step=step,
        shopper=shopper,
        channel=channel,
        run_key=run_key,
        bucket=0,
        planned_at=now,
        scheduled_at=now,
    )
    stored = Message.objects.filter(pk=message.pk).first()
    if stored is not None:
        message.products, message.slate_id = stored.products, stored.slate_id
    known = facts.gather(campaign, CHANNELS.get(channel)(), [message], now)
    picked = showing.pick([message], known.shoppers)[message.pk]
    known.products = facts.load_products(showing.product_ids([picked], known))
    material = showing.material_of(message, step, picked, known)
    if material is None:
        raise ContentError("nothing is left in stock of what this message is about")
    return prepare(campaign, step, channel, material.locale).render(replace(material, test=not counted))
