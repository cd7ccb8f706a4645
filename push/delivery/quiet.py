"""Quiet hours by the shopper's clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.conf import settings

from push.campaigns.models import Campaign
from push.campaigns.moments import zone


def hours(campaign: Campaign) -> tuple[time, time] | None:
    """From when until when a campaign keeps quiet; None: never."""
    if not campaign.keep_quiet_hours:
        return None
    shop_from, shop_until = (time.fromisoformat(text) for text in settings.QUIET_HOURS)
    begin, end = campaign.quiet_from or shop_from, campaign.quiet_until or shop_until
    return None if begin == end else (begin, end)


def quiet_until(now: datetime, begin: time, end: time, time_zone: str) -> datetime | None:
    """When the quiet hours that hold at ``now`` end, UTC; None: none hold.

    Args:
        begin, end: by the clock; ``end`` before ``begin`` is on the next day.
        time_zone: IANA name; empty or unknown: the shop's.
    """
    local = now.astimezone(zone(time_zone))
    at = local.time()
    over_midnight = end < begin
    quiet = (at >= begin or at < end) if over_midnight else (begin <= at < end)
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and at >= begin else 0)
    return datetime.combine(day, end, tzinfo=zone(time_zone)).astimezone(UTC)
