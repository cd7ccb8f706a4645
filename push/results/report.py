"""The report of a campaign: one set of figures for the admin's page and for the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncHour
from django.utils.translation import gettext as _

from push.campaigns.models import Campaign
from push.delivery.models import Message
from push.delivery.states import ACCEPTED, Arm, State
from push.results.attribution import MACHINE
from push.results.conservation import Line, conservation
from push.results.incremental import Incremental, incremental
from push.results.models import Attribution
from push.results.verdicts import Verdict, verdict
from push.tracking.models import Receipt
from shop.orders.models import Order

HOURS = 24


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel, in messages."""

    name: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class NotGot:
    """Why some did not get it: a state, its reason, how many."""

    state: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Attributed:
    """What clicks in this campaign's messages were the last touch of; ``simulated`` says how many of the orders are, and
    ``messages`` how many messages led to them."""

    orders: int
    revenue: float
    simulated: int
    messages: int


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """Everything a campaign's page says.

    Attributes:
        line: the conservation line.
        funnel: planned to ordered; clicks are human ones.
        not_got: who did not get it, by state and reason, most first.
        incremental, verdict: what it caused, in figures and in words.
        attributed: what it touched.
        annoyed: unsubscribed, complained, bounced.
        machine_clicks: left out everywhere.
        simulated_people: simulated shoppers among the people compared, on both sides of the holdout.
        simulated_clicks: messages clicked by simulated shoppers, part of the human clicks.
        simulated: share of the messages to simulated shoppers, 0 to 1.
        hours: accepted and human clicks in each hour from the first on.
    """

    campaign: Campaign
    line: Line
    funnel: list[Step]
    not_got: list[NotGot]
    incremental: Incremental
    verdict: Verdict
    attributed: Attributed
    annoyed: dict[str, int]
    machine_clicks: int
    simulated_people: int
    simulated_clicks: int
    simulated: float
    hours: list[tuple[datetime, int, int]]


def report(campaign: Campaign) -> CampaignReport:
    """The report of ``campaign``, as things stand."""
    messages = Message.objects.filter(campaign=campaign, arm=Arm.SEND)
    receipts = Receipt.objects.filter(message__campaign=campaign)
    human = receipts.filter(kind=Receipt.Kind.CLICKED, bot_score__lt=MACHINE)
    line = conservation(campaign)
    found = incremental(campaign)
    touched = _attributed(campaign)
    return CampaignReport(
        campaign=campaign,
        line=line,
        funnel=_funnel(line, human, touched),
        not_got=_not_got(messages),
        incremental=found,
        verdict=verdict(campaign, found),
        attributed=touched,
        annoyed=_annoyed(receipts),
        machine_clicks=receipts.filter(kind=Receipt.Kind.CLICKED, bot_score__gte=MACHINE).count(),
        simulated_people=_simulated_people(campaign),
        simulated_clicks=human.filter(simulated=True).values("message").distinct().count(),
        simulated=_simulated(messages),
        hours=_hours(messages, human),
    )


def _funnel(line: Line, human: Any, touched: Attributed) -> list[Step]:
    clicked = human.values("message").distinct().count()
    handed_over = line.accepted + line.rejected + line.uncertain
    return [
        Step("planned", _("Planned"), line.planned),
        Step("dispatched", _("Handed over"), handed_over),
        Step("accepted", _("Accepted"), line.accepted),
        Step("clicked", _("Clicked by a human"), clicked),
        Step("ordered", _("Ordered after a click"), touched.messages),
    ]


def _not_got(messages: Any) -> list[NotGot]:
    missed = messages.filter(state__in=[State.SKIPPED, State.REJECTED, State.UNCERTAIN, State.BOUNCED])
    rows = missed.values("state", "reason").annotate(count=Count("id")).order_by("state", "-count", "reason")
    return [NotGot(row["state"], row["reason"], row["count"]) for row in rows]


def _attributed(campaign: Campaign) -> Attributed:
    # Those that were called off later, or given back whole, are no orders: the comparison with the holdout leaves them out too.
    sums = Attribution.objects.filter(
        message__campaign=campaign, order__status__in=[Order.Status.PAID, Order.Status.PENDING, Order.Status.SHIPPED]
    ).aggregate(
        orders=Count("order"),
        revenue=Sum(F("order__total") - F("order__refunded")),
        simulated=Count("order", filter=Q(order__simulated=True)),
        messages=Count("message", distinct=True),
    )
    return Attributed(sums["orders"], float(sums["revenue"] or 0), sums["simulated"], sums["messages"])


def _annoyed(receipts: Any) -> dict[str, int]:
    kinds = [Receipt.Kind.UNSUBSCRIBED, Receipt.Kind.COMPLAINED, Receipt.Kind.BOUNCED]
    found: dict[str, int] = receipts.aggregate(
        **{kind.value: Count("message", filter=Q(kind=kind), distinct=True) for kind in kinds}
    )
    return found


def _simulated_people(campaign: Campaign) -> int:
    compared = Message.objects.filter(campaign=campaign, arm__in=[Arm.SEND, Arm.HELD], decided_at__isnull=False)
    return compared.filter(simulated=True).values("shopper").distinct().count()


def _simulated(messages: Any) -> float:
    sums = messages.aggregate(all=Count("id"), simulated=Count("id", filter=Q(simulated=True)))
    return sums["simulated"] / sums["all"] if sums["all"] else 0.0


def _hours(messages: Any, human: Any) -> list[tuple[datetime, int, int]]:
    accepted = dict(
        messages.filter(state__in=ACCEPTED, settled_at__isnull=False)
        .values_list(TruncHour("settled_at"))
        .annotate(count=Count("id"))
        .order_by()
    )
    clicks = dict(human.values_list(TruncHour("at")).annotate(count=Count("message", distinct=True)).order_by())
    return [(hour, accepted.get(hour, 0), clicks.get(hour, 0)) for hour in sorted({*accepted, *clicks})[:HOURS]]
