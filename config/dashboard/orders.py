"""Revenue and orders: tiles, and a chart each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate, TruncHour
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.dashboard import charts, words
from config.dashboard.charts import LineChart
from config.dashboard.period import Period
from config.dashboard.tiles import Tile, compared
from shop.days import shop_zone
from shop.models import Order
from shop.punctuation import sentences

COUNTED = (Order.Status.PAID, Order.Status.PENDING, Order.Status.SHIPPED)


@dataclass(frozen=True)
class Sales:
    """Revenue and orders of the steps (days, or hours of today) of a stretch of time."""

    revenue: list[float]
    orders: list[int]
    simulated: int

    @property
    def total(self) -> float:
        """Revenue of the whole stretch."""
        return sum(self.revenue)

    @property
    def count(self) -> int:
        """Orders of the whole stretch."""
        return sum(self.orders)


def sales(start: datetime, end: datetime, *, hourly: bool) -> Sales:
    """Sales between two moments, by day of the shop or by hour."""
    step = TruncHour("placed_at", tzinfo=shop_zone()) if hourly else TruncDate("placed_at", tzinfo=shop_zone())
    rows = (
        Order.objects.filter(placed_at__gte=start, placed_at__lt=end, status__in=COUNTED)
        .values(step=step)
        .annotate(
            revenue=Sum(F("total") - F("refunded")), orders=Count("id"), simulated=Count("id", filter=Q(simulated=True))
        )
    )
    by_step: dict[Any, Any] = {row["step"]: row for row in rows}
    keys: list[Any]
    if hourly:
        keys = [start + timedelta(hours=hour) for hour in range(24) if start + timedelta(hours=hour) < end]
    else:
        keys = [
            (start + timedelta(days=day)).date()
            for day in range((end - start).days + 1)
            if start + timedelta(days=day) < end
        ]
    found = [by_step.get(key) for key in keys]
    return Sales(
        revenue=[float(row["revenue"] or Decimal(0)) if row else 0.0 for row in found],
        orders=[row["orders"] if row else 0 for row in found],
        simulated=sum(row["simulated"] for row in by_step.values()),
    )


def panel(period: Period) -> dict[str, Any]:
    """``tiles`` and ``lines`` of the period."""
    hourly = period.key == "today"
    now = sales(period.start, period.end, hourly=hourly)
    before = sales(period.previous_start, period.previous_end, hourly=hourly)
    return {"tiles": _tiles(period, now, before), "lines": _lines(period, now, before)}


def _tiles(period: Period, now: Sales, before: Sales) -> list[Tile]:
    url = reverse("admin:shop_order_changelist")
    mean, mean_before = (s.total / s.count if s.count else 0.0 for s in (now, before))
    revenue = words.money(now.total)
    # The mean of no order is none, and not 0.
    worth = words.money(mean) if now.count else words.UNKNOWN
    return [
        compared(_("Revenue"), now.total, before.total, period, url=url, series=now.revenue, text=revenue, wide=True),
        compared(_("Orders"), now.count, before.count, period, url=url, series=now.orders),
        compared(_("Order value"), mean, mean_before, period, url=url, text=worth, unit=_("mean")),
    ]


def _lines(period: Period, now: Sales, before: Sales) -> list[LineChart]:
    """Revenue and orders by day; of today by hour, beside the whole day a week ago."""
    if period.key == "today":
        whole_day = sales(period.previous_start, period.previous_start + timedelta(days=1), hourly=True)
        labels = [f"{hour:02d}:00" for hour in range(len(whole_day.orders))]
        headers = (_("Hour"), _("Today"), _("A week ago"))
        titles = _("Revenue an hour"), _("Orders an hour")
    else:
        whole_day, headers = before, (_("Day"), _("This period"), _("Before"))
        labels = [date_format(day, _("j M")) for day in period.dates()]
        titles = _("Revenue a day"), _("Orders a day")
    simulated = words.percent(now.simulated, now.count) if now.simulated else ""
    note = _("%(share)s of these orders are simulated.") % {"share": simulated} if simulated else ""
    sums = _("Sum %(now)s, before %(before)s.")
    steps = len(labels)
    pairs = zip_longest(now.revenue[:steps], whole_day.revenue[:steps])
    shown = [("–" if a is None else words.money(a), "–" if b is None else words.money(b)) for a, b in pairs]
    counts = zip_longest(now.orders[:steps], whole_day.orders[:steps])
    counted = [("–" if a is None else words.number(a), "–" if b is None else words.number(b)) for a, b in counts]
    return [
        charts.line_chart(
            titles[0],
            settings.CURRENCY,
            labels,
            now.revenue[:steps],
            whole_day.revenue[:steps],
            shown=shown,
            headers=headers,
            note=sentences([sums % {"now": words.money(now.total), "before": words.money(before.total)}, note]),
        ),
        charts.line_chart(
            titles[1],
            _("count"),
            labels,
            now.orders[:steps],
            whole_day.orders[:steps],
            shown=counted,
            headers=headers,
            note=sums % {"now": words.number(now.count), "before": words.number(before.count)},
        ),
    ]
