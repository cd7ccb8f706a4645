"""The report of a campaign: did it cause anything, who did not get it and why, and one message as it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from config.dashboard import campaign_acts, draft, message, pages, words
from config.dashboard.charts import Bar, Estimate, forest
from push.campaigns import launching
from push.delivery.checks import reason_words
from push.delivery.states import State
from push.delivery.watchdog import why_nothing_moves
from push.models import Campaign, Message
from push.results.report import CampaignReport, report
from recommender.statistics.comparison import Comparison

BEFORE = frozenset({Campaign.Status.DRAFT, Campaign.Status.IN_REVIEW, Campaign.Status.APPROVED})
# What people put up with, by the big mailbox providers' own rules.
LIMITS = {"unsubscribed": 0.5, "complained": 0.1, "bounced": 2.0}


def _funnel(found: CampaignReport) -> list[Bar]:
    whole = found.funnel[0].count
    bars, before = [], None
    tones = {"planned": "b3", "dispatched": "b3", "accepted": "b2"}
    for step in found.funnel:
        note = _("%(share)s of the step before") % {"share": words.percent(step.count, before)} if before else ""
        if before and step.count > before:
            # One who clicked may order more than once.
            note = _("%(rate)s for each of the step before") % {"rate": words.number(step.count / before, 2)}
        share = 100 * step.count / whole if whole else 0.0
        bars.append(Bar(step.label, words.number(step.count), share, note, tones.get(step.name, "b1")))
        before = step.count
    return bars


def _estimate(label: str, comparison: Comparison | None, people: int, *, money: bool) -> Estimate:
    def text(amount: float) -> str:
        return words.money(amount, 0) if money else words.number(round(amount))

    if comparison is None:
        return Estimate(label, "", None, None, None, "–", "", _("no figure"))
    low, value, high = (part * people for part in (comparison.low, comparison.value, comparison.high))
    return Estimate(
        label=label,
        note=_("against the holdout"),
        value=value,
        low=low,
        high=high,
        value_text=("+" if value > 0 else "") + text(value),
        span_text=f"{text(low)} – {text(high)}",
    )


def _caused(found: CampaignReport) -> list[dict[str, Any]]:
    """Orders and revenue: incremental (as a forest of one row each) beside attributed."""
    people = found.incremental.treated.people
    rows = [
        (_("Orders"), found.incremental.orders, words.number(found.attributed.orders), False),
        (_("Revenue"), found.incremental.spend, words.money(found.attributed.revenue, 0), True),
    ]
    return [
        {
            "label": label,
            "forest": forest([_estimate(label, comparison, people, money=money)]),
            "attributed": attributed,
        }
        for label, comparison, attributed, money in rows
    ]


def _not_got(found: CampaignReport) -> list[dict[str, Any]]:
    url = reverse("admin:push_message_changelist") + f"?campaign__id__exact={found.campaign.pk}&state__exact="
    most = max((row.count for row in found.not_got), default=0)
    labels = dict(State.choices)
    groups: dict[str, dict[str, Any]] = {}
    for row in found.not_got:
        group = groups.setdefault(
            row.state, {"label": labels.get(row.state, row.state), "count": 0, "rows": [], "url": url + row.state}
        )
        group["count"] += row.count
        group["rows"].append(
            {
                "label": reason_words(row.reason),
                "count": words.number(row.count),
                "share": 100 * row.count / most,
                "tone": "b3" if row.state == State.SKIPPED else "b4",
                "url": f"{url}{row.state}&reason={row.reason}",
            }
        )
    return list(groups.values())


def _annoyed(found: CampaignReport) -> list[dict[str, Any]]:
    labels = {"unsubscribed": _("Unsubscribed"), "complained": _("Complained"), "bounced": _("Bounced")}
    rows = []
    for kind, limit in LIMITS.items():
        count = found.annoyed.get(kind, 0)
        rate = 100 * count / found.line.accepted if found.line.accepted else 0.0
        rows.append(
            {
                "label": labels[kind],
                "count": words.number(count),
                "rate": words.percent(count, found.line.accepted, 2),
                "share": min(100 * rate / (2 * limit), 100.0),
                "limit": f"{limit:g}{words.THIN}%",
                "over": rate > limit,
            }
        )
    return rows


def _holdout(found: CampaignReport) -> str:
    return _("%(count)s people held out at random, %(share)g %% asked for; %(ordered)s of them ordered.") % {
        "count": words.number(found.incremental.held.people),
        "share": found.campaign.holdout_share / 100,
        "ordered": words.number(found.incremental.held.orders.total),
    }


def _terms(found: CampaignReport) -> list[tuple[str, str]]:
    """What the number planned is the sum of."""
    line = found.line
    return [
        (words.number(line.accepted), _("accepted")),
        (words.number(line.rejected), _("rejected")),
        (words.number(line.uncertain), _("uncertain")),
        (words.number(line.skipped), _("skipped")),
        (words.number(line.to_go), _("to go")),
    ]


Counted = Sequence[tuple[datetime, int]]


def _histograms(hours: Sequence[tuple[datetime, int, int]]) -> list[dict[str, Any]]:
    """Messages accepted and human clicks by hour, each on its own scale; hours without anything stand empty between."""
    if not hours:
        return []
    first, last = hours[0][0], hours[-1][0]
    length = max(_hours_between(first, last) + 1, 24)
    series: list[tuple[str, str, Counted]] = [
        (_("Accepted"), "b2", [(hour, accepted) for hour, accepted, _clicked in hours]),
        (_("Human clicks"), "b1", [(hour, clicked) for hour, _accepted, clicked in hours]),
    ]
    return [
        {
            "title": title,
            "tone": tone,
            "bars": _columns(counted, first, 100 / length),
            "sum": words.number(sum(count for _hour, count in counted)),
            "peak": words.number(max(count for _hour, count in counted)),
            "from": words.moment(first),
            "to": words.moment(first + timedelta(hours=length - 1)),
        }
        for title, tone, counted in series
    ]


def _columns(counted: Counted, first: datetime, step: float) -> list[dict[str, Any]]:
    """Bars in per cent of the chart, ``step`` wide."""
    most = max(count for _hour, count in counted)
    return [
        {
            "x": step * _hours_between(first, hour),
            "width": 0.8 * step,
            "y": 100 - 100 * count / most,
            "height": 100 * count / most,
            "title": f"{words.moment(hour)}: {words.number(count)}",
        }
        for hour, count in counted
        if count
    ]


def _hours_between(first: datetime, last: datetime) -> int:
    return int((last - first).total_seconds() // 3600)


def _last_sent(campaign: Campaign) -> Message | None:
    sent = Message.objects.filter(campaign=campaign, state__in=[State.ACCEPTED, State.DELIVERED])
    return sent.order_by("-decided_at").first()


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The report of one campaign."""
    if not request.user.has_perm("push.view_campaign"):
        raise PermissionDenied
    campaign = get_object_or_404(Campaign.objects.select_related("segment"), pk=pk)
    if request.method == "POST":
        return campaign_acts.act(request, campaign)
    found = report(campaign)
    sent = _last_sent(campaign)
    unlaunched = campaign.status in (Campaign.Status.DRAFT, Campaign.Status.APPROVED)
    return pages.render(
        request,
        "dashboard/campaign.html",
        campaign.name,
        campaign=campaign,
        report=found,
        planned=words.number(found.line.planned),
        planned_any=found.line.planned > 0,
        terms=_terms(found),
        holdout=_holdout(found),
        funnel=_funnel(found),
        caused=_caused(found),
        not_got=_not_got(found),
        missed=words.number(sum(row.count for row in found.not_got)),
        annoyed=_annoyed(found),
        hours=[(words.moment(hour), accepted, clicked) for hour, accepted, clicked in found.hours],
        histograms=_histograms(found.hours),
        compared=found.incremental.treated.people + found.incremental.held.people,
        simulated=words.percent(found.simulated, 1) if found.simulated else "",
        sent=sent,
        picture=message.as_sent(request, sent) if sent else {},
        drafts=draft.before_launch(request, campaign) if campaign.status in BEFORE else None,
        actions=campaign_acts.offered(request, campaign),
        looks=campaign_acts.withheld(request, campaign),
        missing=launching.missing(campaign) if unlaunched else [],
        stall=why_nothing_moves(campaign),
    )
