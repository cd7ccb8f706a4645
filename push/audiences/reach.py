"""Who of an audience can be reached on a channel: the waterfall of the wizard and the query of planning are one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from push.audiences import compiling, holdouts
from push.audiences.buckets import Bucket
from push.campaigns.models import Campaign, Step
from push.channels import CHANNELS
from push.channels.agreement import who_agrees
from push.channels.base import Channel
from push.delivery.models import Suppression
from shop.people.models import Shopper


@dataclass(frozen=True, slots=True)
class Reach:
    """Segment - no address - no consent - suppressed - held out = will get it, in shoppers, for one step."""

    segment: int
    no_address: int
    no_consent: int
    suppressed: int
    held_out: int
    will_get: int


def with_address(shoppers: QuerySet[Shopper], channel: type[Channel]) -> QuerySet[Shopper]:
    """Those who have an address on the channel."""
    if not channel.hash_path:
        return shoppers
    path = channel.hash_path
    return shoppers.exclude(Q(**{f"{path}__isnull": True}) | Q(**{path: ""}))


def consenting(shoppers: QuerySet[Shopper], channel: type[Channel], campaign: Campaign) -> QuerySet[Shopper]:
    """Those who agreed to the campaign's topic; all of them where it is transactional."""
    if campaign.transactional:
        return shoppers
    return shoppers.filter(who_agrees(channel.name, campaign.topic))


def not_suppressed(shoppers: QuerySet[Shopper], channel: type[Channel]) -> QuerySet[Shopper]:
    """Those whose address is not suppressed."""
    if not channel.hash_path:
        return shoppers
    suppressed = Suppression.objects.filter(channel=channel.name, address_hash=OuterRef(channel.hash_path))
    return shoppers.exclude(Exists(suppressed))


def reachable(shoppers: QuerySet[Shopper], campaign: Campaign, step: Step) -> QuerySet[Shopper]:
    """Those that planning makes a row for: held out or not."""
    channel = CHANNELS.get(step.channel)
    return not_suppressed(consenting(with_address(shoppers, channel), channel, campaign), channel)


def by_channel(shoppers: QuerySet[Shopper], topic: str) -> dict[str, int]:
    """How many could be written to about ``topic`` on each channel: with an address, agreed, not suppressed."""
    campaign = Campaign(topic=topic)
    counts = {}
    for name in CHANNELS:
        channel = CHANNELS.get(name)
        agreed = consenting(with_address(shoppers, channel), channel, campaign)
        counts[name] = not_suppressed(agreed, channel).count()
    return counts


def waterfall(campaign: Campaign, step: Step) -> Reach:
    """Count what planning would do now, step by step.

    Raises:
        RuleError: the segment's rule is wrong.
    """
    channel = CHANNELS.get(step.channel)
    everybody = compiling.members(campaign.segment)
    addressed = with_address(everybody, channel)
    agreed = consenting(addressed, channel, campaign)
    kept = not_suppressed(agreed, channel)
    counts = [query.count() for query in (everybody, addressed, agreed, kept)]
    held = kept.filter(_held_out(campaign)).count()
    return Reach(
        segment=counts[0],
        no_address=counts[0] - counts[1],
        no_consent=counts[1] - counts[2],
        suppressed=counts[2] - counts[3],
        held_out=held,
        will_get=counts[3] - held,
    )


def _held_out(campaign: Campaign) -> Q:
    """In the campaign's range (before launch: as it will be) or in the global one."""
    condition = Q(pk__in=[])
    if campaign.transactional:
        return condition
    ranges = [holdouts.current(None), holdouts.planned(campaign)]
    for holdout in ranges:
        if holdout is not None:
            bucket = Bucket(holdout.salt, F("id"))
            condition |= Q(GreaterThanOrEqual(bucket, holdout.low)) & Q(LessThan(bucket, holdout.high))
    return condition
