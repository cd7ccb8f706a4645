"""View, cart, order: how far sessions came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from config.dashboard import words
from config.dashboard.charts import Bar
from config.dashboard.period import Period
from config.dashboard.tiles import compared
from shop.models import FunnelDay
from shop.punctuation import sentences

STEPS = ("sessions", "viewed", "added", "ordered")


def _sums(first: datetime, last: datetime) -> dict[str, int]:
    rows = FunnelDay.objects.filter(day__gte=first.date(), day__lte=last.date())
    sums = rows.aggregate(**{step: Sum(step) for step in STEPS})
    simulated = rows.filter(simulated=True).aggregate(sessions=Sum("sessions"))["sessions"]
    return {step: sums[step] or 0 for step in STEPS} | {"simulated": simulated or 0}


def panel(period: Period) -> dict[str, Any]:
    """``bars`` of the funnel, and the tile of conversion."""
    now, before = _sums(period.start, period.last), _sums(period.previous_start, period.previous_last)
    labels = {
        "sessions": _("All sessions"),
        "viewed": _("Viewed a product"),
        "added": _("Put it in the cart"),
        "ordered": _("Ordered"),
    }
    whole = now["sessions"]
    bars = [
        Bar(
            label=labels[step],
            value=words.number(now[step]),
            share=100 * now[step] / whole if whole else 0.0,
            note=words.percent(now[step], whole),
            tone={"sessions": "b3", "viewed": "b2"}.get(step, "b1"),
        )
        for step in STEPS
    ]
    rate, rate_before = (100 * s["ordered"] / s["sessions"] if s["sessions"] else 0.0 for s in (now, before))
    tile = compared(
        _("Conversion"),
        rate,
        rate_before,
        period,
        url=reverse("admin:shop_event_changelist"),
        text=words.percent(now["ordered"], whole, 2),
        unit=_("of sessions"),
    )
    notes = []
    if now["viewed"]:
        notes.append(
            _("Of those who viewed, %(added)s put something in the cart.")
            % {"added": words.percent(now["added"], now["viewed"])}
        )
    if now["simulated"]:
        notes.append(
            _("%(share)s of these sessions are simulated.") % {"share": words.percent(now["simulated"], whole)}
        )
    later = not whole and FunnelDay.objects.filter(day__gt=period.last.date(), sessions__gt=0).exists()
    return {"bars": bars, "tile": tile, "note": sentences(notes), "empty": not whole, "later": later}
