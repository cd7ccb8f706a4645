"""Why nothing moves: every running or paused campaign can say what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min
from django.utils.translation import gettext as _

from push.audiences import compiling
from push.audiences.rules import RuleError
from push.campaigns.models import Campaign
from push.delivery.checks import WORDS
from push.delivery.models import Message, PlanRun
from push.delivery.states import State
from push.triggers import TRIGGERS
from shop import clock
from shop.registry import UnknownPlugin

PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Stall:
    """Why a campaign does not move. ``ours`` tells a fault (act) from a wait (nothing to do)."""

    code: str
    words: str
    fault: bool
    until: datetime | None = None


def why_nothing_moves(campaign: Campaign) -> Stall | None:
    """What a campaign waits for; None: it moves, or it is over."""
    for look in (_paused, _undoable, _cannot_be_planned, _provider_away, _nobody_plans, _nobody_claims, _not_due):
        if stall := look(campaign):
            return stall
    return None


def _paused(campaign: Campaign) -> Stall | None:
    if campaign.status != Campaign.Status.PAUSED:
        return None
    return Stall("paused", _("Paused by an operator; what is left waits."), fault=False)


def _undoable(campaign: Campaign) -> Stall | None:
    until = campaign.undo_until
    if campaign.status != Campaign.Status.RUNNING or until is None or until <= clock.now():
        return None
    return Stall("undo", _("Can still be undone; nothing is planned before that."), fault=False, until=until)


def _running(look: Callable[[Campaign, datetime], Stall | None]) -> Callable[[Campaign], Stall | None]:
    def only_running(campaign: Campaign) -> Stall | None:
        return look(campaign, clock.now()) if campaign.status == Campaign.Status.RUNNING else None

    return only_running


@_running
def _provider_away(campaign: Campaign, now: datetime) -> Stall | None:
    """Messages that were given back with a reason of the provider or of the content."""
    waiting = (
        Message.objects.filter(campaign=campaign, state=State.PLANNED)
        .exclude(reason__in=["", "quiet_hours", "capped"])
        .order_by()
        .values("reason")
        .annotate(number=Count("id"), until=Min("scheduled_at"))
        .order_by("-number")
        .first()
    )
    if waiting is None:
        return None
    reason = str(WORDS.get(waiting["reason"], waiting["reason"]))
    words = _("%(number)d messages wait for another attempt: %(reason)s.") % {
        "number": waiting["number"],
        "reason": reason,
    }
    return Stall("provider", words, fault=True, until=waiting["until"])


@_running
def _cannot_be_planned(campaign: Campaign, now: datetime) -> Stall | None:
    """Its segment, or one that this names, or its trigger is not what it was when it was launched."""
    try:
        compiling.members(campaign.segment)
        if campaign.kind == Campaign.Kind.TRIGGER:
            TRIGGERS.get(campaign.trigger)
    except RuleError as error:
        return Stall("rule", _("The segment's rule is wrong: %(error)s") % {"error": error}, fault=True)
    except UnknownPlugin:
        return Stall("trigger", _("Choose what triggers it."), fault=True)
    return None


@_running
def _nobody_plans(campaign: Campaign, now: datetime) -> Stall | None:
    if campaign.kind != Campaign.Kind.BROADCAST or PlanRun.objects.filter(campaign=campaign).exists():
        return None
    since = campaign.undo_until or campaign.launched_at or now
    if now - since < PATIENCE:
        return None
    return Stall("no_planner", _("Nothing has been planned: is the worker running, and beat?"), fault=True)


@_running
def _nobody_claims(campaign: Campaign, now: datetime) -> Stall | None:
    messages = Message.objects.filter(campaign=campaign)
    oldest = messages.filter(state=State.PLANNED).aggregate(at=Min("scheduled_at"))["at"]
    last = messages.filter(decided_at__gte=now - PATIENCE).aggregate(at=Max("decided_at"))["at"]
    if oldest is None or now - oldest < PATIENCE or last is not None:
        return None
    return Stall("no_worker", _("Messages are due and nobody takes them: is the worker running?"), fault=True)


@_running
def _not_due(campaign: Campaign, now: datetime) -> Stall | None:
    planned = Message.objects.filter(campaign=campaign, state=State.PLANNED)
    first = planned.order_by("scheduled_at").values_list("scheduled_at", "reason").first()
    if first is None or first[0] <= now:
        return None
    if first[1] == "quiet_hours":
        return Stall("quiet_hours", _("Held until the quiet hours end."), fault=False, until=first[0])
    return Stall("not_due", _("The next message is not due yet."), fault=False, until=first[0])
