"""What the checks look at, read for a whole window of messages at once, in the transaction that dispatches them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from push.campaigns.models import Campaign
from push.channels.base import Channel
from push.delivery.models import Message, Suppression
from push.delivery.states import TOUCHED
from push.triggers import TRIGGERS
from push.triggers.base import Wanted
from shop.catalogue.models import Product
from shop.people.models import Shopper

# First key of the advisory lock on a shopper while a cap is read and taken.
CAP_LOCK = 7102


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``count`` messages within ``days``, on one channel ("" : on all)."""

    channel: str
    count: int
    days: int


@dataclass(slots=True)
class Facts:
    """A window of messages of one campaign on one channel, and all that the checks may ask about them."""

    campaign: Campaign
    channel: Channel
    now: datetime
    shoppers: dict[str, Shopper]
    addresses: dict[str, str | None]
    consents: dict[str, bool]
    suppressed: set[str]  # shopper ids
    ordered: set[uuid.UUID]  # message ids
    runs: dict[str, list[Wanted]] | None  # run key to products; None: not triggered
    caps: list[Cap]
    taken: dict[Cap, Counter[str]] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)


def gather(campaign: Campaign, channel: Channel, messages: Sequence[Message], now: datetime) -> Facts:
    """Read everything but the products. Call within the transaction of the dispatch: it locks the shoppers' caps."""
    ids = sorted({message.shopper_id for message in messages})
    caps = caps_of(campaign, channel.name)
    if caps:
        _lock_shoppers(ids)
    shoppers = {row.pk: row for row in Shopper.objects.filter(pk__in=ids).select_related("user", "contact_preference")}
    addresses = {pk: None if row.erased_at else channel.address(row) for pk, row in shoppers.items()}
    runs = None
    if campaign.kind == Campaign.Kind.TRIGGER:
        runs = TRIGGERS.get(campaign.trigger)().about({message.run_key for message in messages})
    facts = Facts(
        campaign=campaign,
        channel=channel,
        now=now,
        shoppers=shoppers,
        addresses=addresses,
        consents={} if campaign.transactional else _consents(ids, channel.name, campaign.topic),
        suppressed=_suppressed(channel, addresses),
        ordered=_ordered_since(messages) if campaign.exit_on_order else set(),
        runs=runs,
        caps=caps,
    )
    facts.taken = {cap: _taken(ids, cap, now) for cap in caps}
    return facts


def caps_of(campaign: Campaign, channel: str) -> list[Cap]:
    """The caps that hold for a campaign's messages on a channel."""
    if campaign.transactional:
        return []
    limits: dict[str, tuple[int, int]] = dict(settings.FREQUENCY_CAPS)
    if campaign.cap_count is not None:
        limits[channel] = (campaign.cap_count, campaign.cap_days or 7)
    return [Cap(name, *limits[name]) for name in (channel, "") if name in limits]


def load_products(ids: Iterable[str]) -> dict[str, Product]:
    """Products by id, without the columns that no message shows."""
    return Product.objects.defer("search", "description_en", "description_zh", "attributes", "tags").in_bulk(list(ids))


def _lock_shoppers(ids: Sequence[str]) -> None:
    """Serialise reading and taking the caps of these shoppers until the transaction ends; always in the same order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, key)"
            " FROM (SELECT DISTINCT hashtext(id) AS key FROM unnest(%s::text[]) AS id ORDER BY 1) AS keys",
            [CAP_LOCK, list(ids)],
        )


def _consents(ids: Sequence[str], channel: str, topic: str) -> dict[str, bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (shopper_id) shopper_id, granted FROM shop_consent"
            " WHERE shopper_id = ANY(%s) AND channel = %s AND topic = %s ORDER BY shopper_id, id DESC",
            [list(ids), channel, topic],
        )
        return dict(cursor.fetchall())


def _suppressed(channel: Channel, addresses: dict[str, str | None]) -> set[str]:
    hashes = {channel.address_hash(address): pk for pk, address in addresses.items() if address}
    found = Suppression.objects.filter(channel=channel.name, address_hash__in=hashes)
    return {hashes[digest] for digest in found.values_list("address_hash", flat=True)}


def _ordered_since(messages: Sequence[Message]) -> set[uuid.UUID]:
    """Those whose shopper has placed an order since the message was planned."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id FROM push_message m WHERE m.id = ANY(%s) AND EXISTS (SELECT 1 FROM shop_order o WHERE"
            " o.shopper_id = m.shopper_id AND o.placed_at > m.planned_at AND o.status NOT IN ('declined', 'cancelled'))",
            [[message.pk for message in messages]],
        )
        return {row[0] for row in cursor.fetchall()}


def _taken(ids: Sequence[str], cap: Cap, now: datetime) -> Counter[str]:
    """Marketing messages that reached each shopper, or may have, within the cap's days.

    The rows themselves are counted: there is no counter to drift.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.shopper_id, count(*) FROM push_message m JOIN push_campaign c ON c.id = m.campaign_id"
            " WHERE m.shopper_id = ANY(%s) AND m.decided_at > %s AND m.state = ANY(%s) AND NOT c.transactional"
            " AND (%s = '' OR m.channel = %s) GROUP BY m.shopper_id",
            [list(ids), now - timedelta(days=cap.days), [state.value for state in TOUCHED], cap.channel, cap.channel],
        )
        return Counter(dict(cursor.fetchall()))
