"""When a campaign's moment is, by the clock of each time zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from push.campaigns.models import Campaign

# The first zone is fourteen hours ahead of UTC: a day's moment begins so much earlier than in UTC.
AHEAD = timedelta(hours=14)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """A time zone by IANA name; the shop's where the name is empty or unknown."""
    try:
        return ZoneInfo(name or settings.SHOP_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(settings.SHOP_TIME_ZONE)


def by_the_clock(day: date, at: time, name: str) -> datetime:
    """The UTC moment when the clocks of a zone show ``at`` on ``day``.

    A time that the change to summer time leaves out is the moment the clocks would have shown it without the change; of a time
    that occurs twice, the first counts.
    """
    return datetime.combine(day, at.replace(tzinfo=None), tzinfo=zone(name)).astimezone(UTC)


def moments(campaign: Campaign, day: date, at: time, zones: Iterable[str]) -> dict[str, datetime]:
    """Zone to the UTC moment of a campaign's day, "" (unknown zone) included; all the same unless by the shopper's clock."""
    names = {"", *zones}
    return {name: by_the_clock(day, at, name if campaign.in_shopper_zone else "") for name in names}


def occurrences(campaign: Campaign, now: datetime, lead: timedelta) -> list[date]:
    """Days of a recurring campaign whose first moment is at most ``lead`` away and that have not passed for everybody.

    Days before the launch are left out.
    """
    if campaign.weekday is None or campaign.at_time is None or campaign.launched_at is None:
        return []
    first = (now - timedelta(days=2)).date()
    days = (first + timedelta(days=offset) for offset in range(6))
    launched = campaign.launched_at
    return [
        day
        for day in days
        if day.weekday() == campaign.weekday
        and by_the_clock(day, campaign.at_time, "") - AHEAD - lead <= now
        and by_the_clock(day, campaign.at_time, "") >= launched
    ]
