"""The life of a campaign: review, approval, launch, undo, pause, resume, cancel, finish. All of it is audited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from push.audiences import compiling, holdouts
from push.audiences.rules import RuleError
from push.campaigns.models import Campaign
from push.campaigns.showing import slot_problem
from push.channels import CHANNELS
from push.delivery import settling
from push.delivery.models import Message, PlanRun
from push.delivery.states import TO_GO, State, move
from push.triggers import TRIGGERS
from shop import clock
from shop.operators import audit
from shop.people.models import User
from shop.punctuation import sentences

UNDO = timedelta(minutes=5)

Status = Campaign.Status
# Read: act -> statuses it may start from, status it leads to.
ACTS: dict[str, tuple[frozenset[str], str]] = {
    "submit": (frozenset({Status.DRAFT}), Status.IN_REVIEW),
    "approve": (frozenset({Status.DRAFT, Status.IN_REVIEW}), Status.APPROVED),
    "reject": (frozenset({Status.IN_REVIEW, Status.APPROVED}), Status.DRAFT),
    "withdraw": (frozenset({Status.DRAFT, Status.IN_REVIEW, Status.APPROVED}), Status.DRAFT),
    "launch": (frozenset({Status.DRAFT, Status.IN_REVIEW, Status.APPROVED}), Status.RUNNING),
    "undo": (frozenset({Status.RUNNING, Status.PAUSED}), Status.DRAFT),
    "pause": (frozenset({Status.RUNNING}), Status.PAUSED),
    "resume": (frozenset({Status.PAUSED}), Status.RUNNING),
    "cancel": (frozenset({Status.APPROVED, Status.RUNNING, Status.PAUSED}), Status.CANCELLED),
    "finish": (frozenset({Status.RUNNING}), Status.FINISHED),
}
UNDER_WAY = frozenset({Status.RUNNING, Status.PAUSED})
# What happens to a campaign without anybody pressing a button of that name.
OF_ITSELF = frozenset({"finish", "withdraw"})


def allowed(campaign: Campaign) -> list[str]:
    """The acts that the status of a campaign allows now, those of people only."""
    undoable = campaign.undo_until is not None and campaign.undo_until > clock.now()
    acts = [act for act, (statuses, _to) in ACTS.items() if campaign.status in statuses and act not in OF_ITSELF]
    return [act for act in acts if act != "undo" or undoable]


class NotAllowed(Exception):
    """The campaign cannot do that now; the message says why."""


def missing(campaign: Campaign) -> list[str]:
    """What stands between a campaign and its launch, in words; empty: nothing."""
    problems: list[str] = []
    if campaign.pk is None or not campaign.steps.exists():
        problems.append(_("It has no message: add a step."))
    else:
        steps = list(campaign.steps.all())
        problems += [
            _("There is no channel “%(name)s”.") % {"name": step.channel}
            for step in steps
            if step.channel not in CHANNELS
        ]
        problems += dict.fromkeys(filter(None, (slot_problem(step.slot) for step in steps if step.slate_size)))
    if campaign.kind == Campaign.Kind.TRIGGER and campaign.trigger not in TRIGGERS:
        problems.append(_("Choose what triggers it."))
    if campaign.kind == Campaign.Kind.RECURRING and (campaign.weekday is None or campaign.at_time is None):
        problems.append(_("Choose a weekday and a time."))
    if campaign.ends_at is not None and campaign.ends_at <= clock.now():
        problems.append(_("Its end has passed."))
    try:
        compiling.members(campaign.segment)
    except RuleError as error:
        problems.append(_("The segment's rule is wrong: %(error)s") % {"error": error})
    if campaign.needs_approval and campaign.approved_at is None:
        problems.append(_("Nobody has approved it."))
    return problems


def submit(campaign: Campaign, *, actor: User | None, reason: str = "") -> None:
    """Ask a second person for approval."""
    _act(campaign, "submit", actor, reason)


def approve(campaign: Campaign, *, actor: User | None, reason: str = "") -> None:
    """Approve; not by the person who made it, where approval is asked for.

    Raises:
        NotAllowed: they made it themselves, or its status does not fit.
    """
    if campaign.needs_approval and actor is not None and actor.pk == campaign.created_by_id:
        raise NotAllowed(_("Somebody else has to approve it."))
    _act(campaign, "approve", actor, reason, approved_by=actor, approved_at=clock.now())


def reject(campaign: Campaign, *, actor: User | None, reason: str) -> None:
    """Send it back to draft."""
    _act(campaign, "reject", actor, reason, approved_by=None, approved_at=None)


def withdraw_approval(campaign: Campaign, *, actor: User | None) -> bool:
    """After a change: what was approved, or waits for it, is not what it says now. False: it was a plain draft.

    Raises:
        NotAllowed: it runs, or has ended.
    """
    if campaign.status == Status.DRAFT and campaign.approved_at is None:
        return False
    _act(campaign, "withdraw", actor, _("It was changed."), approved_by=None, approved_at=None)
    return True


def launch(campaign: Campaign, *, actor: User | None, reason: str = "", undo: timedelta = UNDO) -> None:
    """Launch. Nothing is planned before ``undo`` has passed, so :func:`undo_launch` leaves no trace but the audit log.

    Raises:
        NotAllowed: something is missing (all of it is said), or its status does not fit.
    """
    now = clock.now()
    with transaction.atomic():
        # Locked, or its approval could be withdrawn between the look and the launch.
        campaign.refresh_from_db(from_queryset=Campaign.objects.select_for_update())
        if problems := missing(campaign):
            raise NotAllowed(sentences(problems))
        _act(campaign, "launch", actor, reason, launched_at=now, launched_by=actor, undo_until=now + undo)
        holdouts.set_share(campaign, campaign.holdout_share)


def undo_launch(campaign: Campaign, *, actor: User | None, reason: str = "") -> None:
    """Take a launch back within its five minutes; nothing has been planned, nothing sent.

    Raises:
        NotAllowed: the time has passed.
    """
    with transaction.atomic():
        _act(campaign, "undo", actor, reason, undo_until=None, launched_at=None, launched_by=None)
        # Locked by the update above: planning looks at the status in the same row.
        if PlanRun.objects.filter(campaign=campaign).exists():
            raise NotAllowed(_("The time to undo has passed: pause or cancel it."))


def pause(campaign: Campaign, *, actor: User | None, reason: str = "") -> None:
    """Stop handing over; what is on the way is finished, the rest waits."""
    _act(campaign, "pause", actor, reason, paused_at=clock.now())


def resume(campaign: Campaign, *, actor: User | None, reason: str = "") -> None:
    """Go on where it stopped."""
    _act(campaign, "resume", actor, reason, paused_at=None)


def cancel(campaign: Campaign, *, actor: User | None, reason: str = "") -> int:
    """End it for good: what has not been handed over is skipped. Return how many messages that were."""
    now = clock.now()
    with transaction.atomic():
        _act(campaign, "cancel", actor, reason, finished_at=now)
        return skip_planned(campaign, "cancelled")


def skip_planned(campaign: Campaign, why: str) -> int:
    """Skip every message of a campaign that no worker has taken; workers skip those that they hold."""
    now = clock.now()
    messages = Message.objects.filter(campaign=campaign)
    return move(messages, State.PLANNED, State.SKIPPED, reason=why, decided_at=now, settled_at=now)


def skip_cancelled() -> int:
    """Skip what came back after its campaign was cancelled: held by a worker that died, or by a provider that was away."""
    left = Message.objects.filter(campaign=OuterRef("pk"), state=State.PLANNED)
    cancelled = Campaign.objects.filter(Exists(left), status=Status.CANCELLED).order_by("pk")
    return sum(skip_planned(campaign, "cancelled") for campaign in cancelled)


def finish_if_done(campaign: Campaign) -> bool:
    """Finish a campaign that has an end and has reached it, with nothing to go."""
    now = clock.now()
    ended = campaign.ends_at is not None and campaign.ends_at <= now
    if ended:
        skip_planned(campaign, "ended")
    planned_whole = campaign.kind == Campaign.Kind.BROADCAST and not campaign.steps.exclude(
        pk__in=PlanRun.objects.filter(campaign=campaign).values("step")
    )
    if not (ended or planned_whole) or Message.objects.filter(campaign=campaign, state__in=TO_GO).exists():
        return False
    if not ended and settling.waits_for_a_retry(campaign):
        return False
    try:
        _act(campaign, "finish", None, "", finished_at=now)
    except NotAllowed:
        return False
    return True


def _act(campaign: Campaign, act: str, actor: User | None, reason: str, **changes: Any) -> None:
    """A guarded change of status, with its entry in the audit log."""
    from_statuses, status = ACTS[act]
    before = campaign.status
    with transaction.atomic():
        rows = Campaign.objects.filter(pk=campaign.pk, status__in=from_statuses).update(
            status=status, updated_at=clock.now(), **changes
        )
        if not rows:
            campaign.refresh_from_db(fields=["status"])
            raise NotAllowed(
                _("“%(name)s” is %(status)s, so it cannot do that.")
                % {"name": campaign.name, "status": campaign.get_status_display().lower()}
            )
        audit.record(
            f"campaign.{act}",
            actor=actor,
            target=campaign,
            before={"status": before},
            after={"status": status},
            reason=reason,
        )
    campaign.status = status
    for name, value in changes.items():
        setattr(campaign, name, value)
