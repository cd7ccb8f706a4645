"""Recommendations: clicks and fallbacks by slot, and the champion of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.dashboard import words
from config.dashboard.charts import Estimate, forest
from config.dashboard.period import Period
from config.dashboard.tiles import Tile, compared
from recommender.models import ModelVersion, SlotDay
from recommender.models import Slot as Slots
from recommender.slots.alarms import alarms
from recommender.slots.titles import titles
from recommender.training.models import Slot
from shop import clock
from shop.days import day_of

FIELDS = ("slates", "newcomers", "fallback", "seen", "clicked")
METRIC = "ndcg@10"
RETRAIN_DAYS = 14


def sums(first: datetime, last: datetime) -> dict[str, dict[str, Any]]:
    """Slot to its sums over the shop's days of two moments and those between; ``known`` are those that were not for newcomers."""
    days = [day_of(moment) for moment in (first, last)]
    rows = SlotDay.objects.filter(day__range=days).values("slot").annotate(**{name: Sum(name) for name in FIELDS})
    found: dict[str, dict[str, Any]] = {str(row["slot"]): dict(row) for row in rows}
    for row in found.values():
        row["known"] = row["slates"] - row["newcomers"]
    return found


def editor_of(slot: str, pages: Mapping[str, int]) -> str:
    """Where a slot is edited, by the keys of those there are; the slates of one that is gone."""
    if slot in pages:
        return reverse("admin:recommender_slot_change", args=[pages[slot]])
    return reverse("admin:recommender_slate_changelist") + f"?slot={slot}"


def _parts(found: dict[str, dict[str, Any]], part: str, whole: str) -> tuple[int, int]:
    """A part and its whole, of all slots."""
    return sum(row[part] for row in found.values()), sum(row[whole] for row in found.values())


def _share(found: dict[str, dict[str, Any]], part: str, whole: str) -> float:
    some, total = _parts(found, part, whole)
    return 100 * some / total if total else 0.0


def panel(period: Period) -> dict[str, Any]:
    """``tiles`` of click-through and fallback, ``rows`` by slot, and the ``champions`` with their intervals."""
    now, before = sums(period.start, period.last), sums(period.previous_start, period.previous_last)
    url = reverse("admin:models")
    rate, rate_before = _share(now, "clicked", "seen"), _share(before, "clicked", "seen")
    fallback, fallback_before = _share(now, "fallback", "known"), _share(before, "fallback", "known")
    labels, pages = titles(), dict(Slots.objects.values_list("name", "pk"))
    alarmed = {alarm.slot for alarm in alarms()}
    most = max((row["clicked"] for row in now.values()), default=0)
    rows = [
        {
            "label": labels.get(slot, slot),
            "url": editor_of(slot, pages),
            "alarm": slot in alarmed,
            "clicked": words.number(row["clicked"]),
            "seen": words.number(row["seen"]),
            "rate": words.percent(row["clicked"], row["seen"]),
            "fallback": words.percent(row["fallback"], row["known"]),
            "newcomers": words.percent(row["newcomers"], row["slates"]),
            "share": 100 * row["clicked"] / most if most else 0.0,
        }
        for slot, row in sorted(now.items(), key=lambda item: -item[1]["clicked"])
    ]
    return {
        "tiles": [
            compared(
                _("Slot click-through"),
                rate,
                rate_before,
                period,
                url=url,
                text=words.percent(*_parts(now, "clicked", "seen"), 2),
                unit=_("of slates seen"),
            ),
            compared(
                _("Fallback share"),
                fallback,
                fallback_before,
                period,
                url=url,
                text=words.percent(*_parts(now, "fallback", "known")),
                unit=_("of slates for known visitors"),
                more_is_better=False,
            ),
        ],
        "oldest": _oldest(period),
        "rows": rows,
        "champions": champions(),
    }


def _oldest(period: Period) -> Tile:
    """The age of the champion that was trained longest ago."""
    serving = ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION)
    oldest = serving.order_by("trained_at").first()
    days = (clock.now() - oldest.trained_at).days if oldest else 0
    return Tile(
        label=_("Oldest champion"),
        value=words.number(days) if oldest else "–",
        unit=ngettext("day", "days", days) if oldest else "",
        change=_("retrain") if days > RETRAIN_DAYS else "",
        against=str(dict(Slot.choices).get(oldest.slot, oldest.slot)) if oldest else _("no model serves"),
        tone="wn" if days > RETRAIN_DAYS else "m",
        spark="",
        url=reverse("admin:models"),
    )


def _aged(days: int) -> str:
    return ngettext("%(days)d day old", "%(days)d days old", days) % {"days": days} if days else _("trained today")


def champions() -> dict[str, Any]:
    """The champion of each slot with its metric and interval, as a forest; slots without one say so."""
    found = {version.slot: version for version in ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION)}
    estimates = []
    for slot, label in Slot.choices:
        version = found.get(slot)
        figure = version.metrics.get(METRIC) if version else None
        verdict = _("No champion yet: popular products are shown.")
        if version:
            age = (clock.now() - version.trained_at).days
            verdict = _("pinned") if version.pinned else _aged(age)
        estimates.append(
            Estimate(
                label=str(label),
                note=_("%(version)s, trained %(when)s")
                % {"version": version.name, "when": words.moment(version.trained_at)}
                if version
                else "",
                value=figure["value"] if figure else None,
                low=figure["low"] if figure else None,
                high=figure["high"] if figure else None,
                value_text=f"{figure['value']:.4f}" if figure else "–",
                span_text=f"{figure['low']:.4f} – {figure['high']:.4f}" if figure else "",
                verdict=verdict,
                url=reverse("admin:models") + f"?slot={slot}",
            )
        )
    name = words.metric(METRIC)
    unit = _("%(metric)s, 95 %% interval") % {"metric": name}
    return {"forest": forest(estimates, unit=unit), "metric": name}
