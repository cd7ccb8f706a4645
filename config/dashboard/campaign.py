"""The report of a campaign: did it cause anything, who did not get it and why, and one message as it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.dashboard import pages, words
from config.dashboard.charts import Bar, Estimate, Forest, forest
from config.dashboard.period import Period
from push.campaigns import launching
from push.delivery.checks import reason_words
from push.delivery.states import State
from push.delivery.watchdog import why_nothing_moves
from push.models import Campaign, Message
from push.results.report import CampaignReport, report
from recommender.experiments.comparison import Comparison
from shop import clock

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
                "rate": f"{rate:.2f}{words.THIN}%",
                "share": min(100 * rate / (2 * limit), 100.0),
                "limit": f"{limit:g}{words.THIN}%",
                "over": rate > limit,
            }
        )
    return rows


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The report of one campaign."""
    if not request.user.has_perm("push.view_campaign"):
        raise PermissionDenied
    campaign = get_object_or_404(Campaign.objects.select_related("segment"), pk=pk)
    if request.method == "POST":
        return _act(request, campaign)
    found = report(campaign)
    line = found.line
    terms = [
        (words.number(line.accepted), _("accepted")),
        (words.number(line.rejected), _("rejected")),
        (words.number(line.uncertain), _("uncertain")),
        (words.number(line.skipped), _("skipped")),
        (words.number(line.to_go), _("to go")),
    ]
    most_accepted = max((accepted for _hour, accepted, _clicked in found.hours), default=0)
    most_clicked = max((clicked for _hour, _accepted, clicked in found.hours), default=0)
    sent = (
        Message.objects.filter(campaign=campaign, state__in=["accepted", "delivered"]).order_by("-decided_at").first()
    )
    missed = sum(row.count for row in found.not_got)
    return pages.render(
        request,
        "dashboard/campaign.html",
        campaign.name,
        campaign=campaign,
        report=found,
        planned=words.number(line.planned),
        terms=terms,
        holdout=_("%(count)s people held out at random, %(share)g %% asked for; %(ordered)s of them ordered.")
        % {
            "count": words.number(found.incremental.held.people),
            "share": campaign.holdout_share / 100,
            "ordered": words.number(found.incremental.held.orders.total),
        },
        funnel=_funnel(found),
        caused=_caused(found),
        not_got=_not_got(found),
        missed=words.number(missed),
        annoyed=_annoyed(found),
        hours=[
            {
                "label": words.moment(hour),
                "accepted": accepted,
                "clicked": clicked,
                "accepted_share": 100 * accepted / most_accepted if most_accepted else 0,
                "clicked_share": 100 * clicked / most_clicked if most_clicked else 0,
            }
            for hour, accepted, clicked in found.hours
        ],
        compared=found.incremental.treated.people + found.incremental.held.people,
        simulated=words.percent(found.simulated, 1) if found.simulated else "",
        sent=sent,
        actions=_actions(request, campaign),
        missing=launching.missing(campaign) if campaign.status in (_S.DRAFT, _S.APPROVED) else [],
        stall=why_nothing_moves(campaign),
    )


@dataclass(frozen=True)
class Action:
    """Something an operator may do to a campaign: a button and its dialog.

    Attributes:
        states: of the campaign in which it is offered.
        permission: what it takes.
        run: does it.
    """

    act: str
    label: Any
    text: Any
    states: tuple[str, ...]
    permission: str
    run: Callable[..., Any]
    tone: str = ""

    @property
    def heading(self) -> str:
        """The question of the dialog."""
        return f"{self.label}?"


_S = Campaign.Status
ACTIONS = (
    Action(
        "submit",
        gettext_lazy("Ask for approval"),
        gettext_lazy("A second person is asked."),
        (_S.DRAFT,),
        "push.change_campaign",
        launching.submit,
    ),
    Action(
        "approve",
        gettext_lazy("Approve"),
        gettext_lazy("It may be launched then."),
        (_S.IN_REVIEW,),
        "push.approve_campaign",
        launching.approve,
    ),
    Action(
        "reject",
        gettext_lazy("Send back"),
        gettext_lazy("It becomes a draft again."),
        (_S.IN_REVIEW,),
        "push.approve_campaign",
        launching.reject,
    ),
    Action(
        "launch",
        gettext_lazy("Launch"),
        gettext_lazy("Nothing is sent for five minutes: until then it can be undone without a trace."),
        (_S.DRAFT, _S.APPROVED),
        "push.launch_campaign",
        launching.launch,
        "p",
    ),
    Action(
        "undo",
        gettext_lazy("Undo the launch"),
        gettext_lazy("Possible until the first message is planned."),
        (_S.RUNNING,),
        "push.launch_campaign",
        launching.undo_launch,
    ),
    Action(
        "pause",
        gettext_lazy("Pause"),
        gettext_lazy("What is being handed over is finished, the rest waits."),
        (_S.RUNNING,),
        "push.launch_campaign",
        launching.pause,
    ),
    Action(
        "resume",
        gettext_lazy("Resume"),
        gettext_lazy("It goes on where it stopped."),
        (_S.PAUSED,),
        "push.launch_campaign",
        launching.resume,
        "p",
    ),
    Action(
        "cancel",
        gettext_lazy("Cancel for good"),
        gettext_lazy("What has not been handed over is skipped. This cannot be undone."),
        (_S.RUNNING, _S.PAUSED, _S.APPROVED),
        "push.launch_campaign",
        launching.cancel,
        "d",
    ),
)


def _actions(request: HttpRequest, campaign: Campaign) -> list[Action]:
    """What this operator may do now."""
    offered = [a for a in ACTIONS if campaign.status in a.states and request.user.has_perm(a.permission)]
    undoable = campaign.undo_until is not None and campaign.undo_until > clock.now()
    return [a for a in offered if a.act != "undo" or undoable]


def _act(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    back = redirect("admin:campaign_report", campaign.pk)
    action = next((a for a in ACTIONS if a.act == request.POST.get("act")), None)
    if action is None or not request.user.has_perm(action.permission):
        raise PermissionDenied
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say why: the reason goes into the audit log."))
        return back
    try:
        action.run(campaign, actor=pages.operator(request), reason=reason)
    except launching.NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done: %(act)s.") % {"act": action.label})
    return back


def last_campaigns(count: int = 6) -> tuple[Forest, list[dict[str, Any]]]:
    """The last campaigns for the dashboard: orders caused per 100 people planned, and a funnel each."""
    estimates, rows = [], []
    launched = Campaign.objects.exclude(launched_at=None).order_by("-launched_at")[:count]
    for campaign in launched:
        found = report(campaign)
        orders = found.incremental.orders
        url = reverse("admin:campaign_report", args=[campaign.pk])
        label = {
            "caused": _("It caused orders"),
            "cost": _("It cost orders"),
            "unclear": _("Cannot tell"),
            "early": _("Cannot tell yet"),
        }.get(found.verdict.label, found.verdict.heading)
        estimates.append(
            Estimate(
                label=campaign.name,
                note=str(campaign.get_status_display()),
                value=100 * orders.value if orders else None,
                low=100 * orders.low if orders else None,
                high=100 * orders.high if orders else None,
                value_text=words.signed(100 * orders.value) if orders else "–",
                span_text=f"{words.number(100 * orders.low, 2)} – {words.number(100 * orders.high, 2)}"
                if orders
                else "",
                verdict=label,
                url=url,
            )
        )
        rows.append(
            {
                "campaign": campaign,
                "url": url,
                "funnel": [(step.label, words.number(step.count)) for step in found.funnel],
                "attributed": words.money(found.attributed.revenue, 0),
                "incremental": _total(found.incremental.spend, found.incremental.treated.people),
                "holds": found.line.holds,
            }
        )
    return forest(estimates, unit=_("more orders per 100 people planned")), rows


def _total(spend: Comparison | None, people: int) -> str:
    if spend is None:
        return "–"
    low, high = words.money(spend.low * people, 0), words.money(spend.high * people, 0)
    return f"{words.money(spend.value * people, 0)} ({low} – {high})"


def panel(period: Period) -> dict[str, Any]:
    """The last campaigns, whatever the period."""
    plot, rows = last_campaigns()
    return {"forest": plot, "rows": rows}
