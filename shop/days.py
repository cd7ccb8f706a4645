"""Days of the shop: from midnight to midnight in its own zone, by which sums are kept and read."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from shop import clock


def shop_zone() -> ZoneInfo:
    """The zone in which the shop's days are counted."""
    return ZoneInfo(settings.SHOP_TIME_ZONE)


def day_of(moment: datetime) -> date:
    """The day in which an aware moment falls."""
    return moment.astimezone(shop_zone()).date()


def start_of_day(day: date) -> datetime:
    """Its first moment, aware."""
    return datetime.combine(day, time(), shop_zone())


def unsettled_since(summed: date | None) -> datetime:
    """From when on a tick sums anew: yesterday, since acts arrive late; where ticks stood still, the last day that was ``summed``.

    Args:
        summed: the newest day of the sums; None: there are none yet.
    """
    yesterday = day_of(clock.now() - timedelta(days=1))
    return start_of_day(min(yesterday, summed or yesterday))
