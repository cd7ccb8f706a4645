"""Which products a message shows: recommendations with some to spare, the cart, and what is left of them at dispatch."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from push.campaigns.models import Step
from push.channels.base import Item, Material
from push.delivery.facts import Facts
from push.delivery.models import Message
from recommender.serving import OnlyRanks, Sent, Slate, UnknownSlot, log_sent, reason_text, recommend_many
from shop.catalogue.models import Product
from shop.people.models import Shopper

# Recommendations beyond those shown, to take the place of what has sold out since.
SPARE = 4


@dataclass(frozen=True, slots=True)
class Picked:
    """Recommendations for one message, in order, before the last look at stock; ``slate`` where they were chosen just now."""

    slate_id: uuid.UUID | None
    heading: str
    products: tuple[tuple[str, str], ...]  # (product id, reason in words)
    slate: Slate | None = None


log = structlog.get_logger(__name__)
NOTHING = Picked(None, "", ())


def locale_of(shopper: Shopper) -> str:
    """The language of ours that a shopper reads: "en" or "zh-hans"."""
    return "zh-hans" if shopper.locale.lower().startswith("zh") else "en"


def pick(messages: Sequence[Message], shoppers: Mapping[str, Shopper]) -> dict[uuid.UUID, Picked]:
    """Recommendations for a batch of messages; a message that is tried again keeps what it showed.

    One whose slot was deleted, or orders the products of pages and has none of its own, goes without.
    """
    picked: dict[uuid.UUID, Picked] = {}
    asked: dict[tuple[str, int, str], list[Message]] = defaultdict(list)
    for message in messages:
        shopper = shoppers.get(message.shopper_id)
        if message.products is not None:
            picked[message.pk] = _as_shown(message)
        elif shopper is None or not message.step.slate_size:
            picked[message.pk] = NOTHING
        else:
            asked[message.step.slot, message.step.slate_size, locale_of(shopper)].append(message)
    for (slot, size, locale), group in asked.items():
        try:
            shopper_ids = [message.shopper_id for message in group]
            # What is to spare is not shown, nor is anything that is previewed: what is sent is logged (:func:`log_shown`).
            slates = recommend_many(slot, shopper_ids, size + SPARE, log=False)
        except (UnknownSlot, OnlyRanks) as error:
            log.error("slot_of_a_step_shows_nothing", reason=str(error), messages=len(group))
            picked |= {message.pk: NOTHING for message in group}
            continue
        for message in group:
            slate = slates[message.shopper_id]
            products = tuple((item.product_id, reason_text(item.reason, locale)) for item in slate.items)
            picked[message.pk] = Picked(slate.slate_id, reason_text(slate.heading, locale), products, slate)
    return picked


def _as_shown(message: Message) -> Picked:
    shown = message.products or {}
    products = tuple((entry["product_id"], entry["reason"]) for entry in shown.get("items", []))
    return Picked(message.slate_id, shown.get("heading", ""), products)


def product_ids(picked: Iterable[Picked], facts: Facts) -> set[str]:
    """Every product that a window of messages may show."""
    ids = {product_id for slate in picked for product_id, _reason in slate.products}
    return ids | {wanted.product_id for run in (facts.runs or {}).values() for wanted in run}


def _available(products: Mapping[str, Product], product_id: str) -> Product | None:
    product = products.get(product_id)
    return product if product is not None and product.active and product.stock > 0 else None


def material_of(message: Message, step: Step, picked: Picked, facts: Facts) -> Material | None:
    """All that a message is rendered from, as of now: what has sold out is replaced by the next recommendation.

    None where there is nothing left of what the message is about.
    """
    wanted = facts.runs.get(message.run_key, []) if facts.runs is not None else []
    cart = tuple(
        Item(product, "", line.quantity, line.price_before if line.price_before != product.price else None)
        for line in wanted
        if (product := _available(facts.products, line.product_id))
    )
    in_cart = {line.product_id for line in wanted}
    offered = (
        Item(product, reason)
        for product_id, reason in picked.products
        if product_id not in in_cart and (product := _available(facts.products, product_id))
    )
    items = tuple(item for item, _place in zip(offered, range(step.slate_size), strict=False))
    if (wanted and not cart) or (step.slate_size and not items and not cart):
        return None
    shopper = facts.shoppers[message.shopper_id]
    return Material(
        message_id=message.pk,
        campaign_id=message.campaign_id,
        step_id=message.step_id,
        channel=message.channel,
        shopper_id=message.shopper_id,
        address=facts.addresses[message.shopper_id] or "",
        name=shopper.user.get_short_name(),
        locale=locale_of(shopper),
        items=items,
        slate_id=picked.slate_id,
        heading=picked.heading,
        cart=cart,
        cart_id=_uuid(message.run_key) if wanted else None,
    )


def log_shown(sent: Iterable[tuple[Picked, Material, int]]) -> None:
    """Log the slates of messages that go out (picked, what it is rendered from, how many it was to show), as they show them.

    One that was tried before is in the log already.
    """
    log_sent(
        Sent(picked.slate, material.shopper_id, [item.product.pk for item in material.items], size)
        for picked, material, size in sent
        if picked.slate is not None
    )


def shown_by(material: Material) -> dict[str, object]:
    """What the row keeps of what a message showed."""
    return {
        "heading": material.heading,
        "items": [{"product_id": item.product.pk, "reason": item.reason} for item in material.items],
        "cart": [item.product.pk for item in material.cart],
    }


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
