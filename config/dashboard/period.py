"""The period a dashboard looks at, and the one it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from shop import clock
from shop.days import shop_zone

CHOICES = ("today", "7", "28", "90")


@dataclass(frozen=True)
class Period:
    """Two stretches of time of equal length; ends are exclusive, all aware, in the shop's zone.

    Attributes:
        key: one of :data:`CHOICES`.
        days: whole days in the stretch; 1 for today.
    """

    key: str
    days: int
    start: datetime
    end: datetime
    previous_start: datetime
    previous_end: datetime

    @property
    def label(self) -> str:
        """The stretch in words."""
        if self.key == "today":
            return _("Today until %(time)s, against the same time last week") % {"time": date_format(self.end, "H:i")}
        return _("%(first)s to %(last)s, against the %(days)d days before") % {
            "first": date_format(self.start, _("j M")),
            "last": date_format(self.last, _("j M Y")),
            "days": self.days,
        }

    @property
    def previous_label(self) -> str:
        """What it is compared with, short."""
        if self.key == "today":
            return _("the same time last week")
        return _("the %(days)d days before") % {"days": self.days}

    @property
    def last(self) -> datetime:
        """The last moment of it: an end that is midnight belongs to the next day."""
        return self.end - timedelta(microseconds=1)

    @property
    def previous_last(self) -> datetime:
        """The last moment of what it is compared with."""
        return self.previous_end - timedelta(microseconds=1)

    def dates(self) -> list[datetime]:
        """First moments of its days."""
        return [self.start + timedelta(days=day) for day in range(self.days)]


def of(key: str | None) -> Period:
    """The period chosen by ``?days=``; without one, today. Longer ones end with yesterday: half a day would look like a fall."""
    now = clock.now().astimezone(shop_zone())
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if key not in CHOICES[1:]:
        week = timedelta(days=7)
        return Period("today", 1, midnight, now, midnight - week, now - week)
    days = int(key)
    start = midnight - timedelta(days=days)
    return Period(str(days), days, start, midnight, start - timedelta(days=days), start)
