"""The last campaigns on the dashboard: what each caused, and its funnel."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from config.dashboard import words
from config.dashboard.charts import Estimate, forest
from config.dashboard.period import Period
from push.models import Campaign
from push.results.report import CampaignReport, report
from recommender.statistics.comparison import Comparison

SHOWN = 6


def panel(period: Period) -> dict[str, Any]:
    """Orders caused per 100 people planned, as one forest, and a row each; whatever the period."""
    launched = Campaign.objects.exclude(launched_at=None).order_by("-launched_at")[:SHOWN]
    found = [report(campaign) for campaign in launched]
    plot = forest([_estimate(one) for one in found], unit=_("more orders per 100 people planned"))
    return {"forest": plot, "rows": [_row(one) for one in found]}


def _url(campaign: Campaign) -> str:
    return reverse("admin:campaign_report", args=[campaign.pk])


def _estimate(found: CampaignReport) -> Estimate:
    verdicts = {
        "caused": _("It caused orders"),
        "cost": _("It cost orders"),
        "unclear": _("Cannot tell"),
        "early": _("Cannot tell yet"),
    }
    orders = found.incremental.orders
    low, value, high = (100 * part for part in (orders.low, orders.value, orders.high)) if orders else (None,) * 3
    return Estimate(
        label=found.campaign.name,
        note=str(found.campaign.get_status_display()),
        value=value,
        low=low,
        high=high,
        value_text="–" if value is None else words.signed(value),
        span_text="" if low is None or high is None else f"{words.number(low, 2)} – {words.number(high, 2)}",
        verdict=verdicts.get(found.verdict.label, found.verdict.heading),
        url=_url(found.campaign),
    )


def _row(found: CampaignReport) -> dict[str, Any]:
    return {
        "campaign": found.campaign,
        "url": _url(found.campaign),
        "funnel": [(step.label, words.number(step.count)) for step in found.funnel],
        "attributed": words.money(found.attributed.revenue, 0),
        "incremental": _total(found.incremental.spend, found.incremental.treated.people),
        "holds": found.line.holds,
    }


def _total(spend: Comparison | None, people: int) -> str:
    if spend is None:
        return "–"
    low, high = words.money(spend.low * people, 0), words.money(spend.high * people, 0)
    return f"{words.money(spend.value * people, 0)} ({low} – {high})"
