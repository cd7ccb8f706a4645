"""Making, starting, stopping, concluding and discarding experiments: a table of transitions; each act with a reason and audited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from recommender.dataset.arrays import BrokenFile
from recommender.experiments import results, running
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.titles import arm_title, experiment_title
from recommender.slots import snapshot
from recommender.slots.served import ServedSlot
from recommender.training.artefacts import local_path
from recommender.training.models import ModelVersion
from shop import clock
from shop.operators import audit
from shop.people.models import User

Status = Experiment.Status
Kind = Arm.Kind
LETTERS = "abcdefgh"
# In any unit; larger ones would be no numbers to divide by.
LARGEST_SHARE = 1e9
# What may follow: a stopped one is not started again, since people who came meanwhile would be missing from both arms.
TRANSITIONS: dict[str, frozenset[str]] = {
    Status.DRAFT: frozenset({Status.RUNNING}),
    Status.RUNNING: frozenset({Status.STOPPED, Status.CONCLUDED}),
    Status.STOPPED: frozenset({Status.CONCLUDED}),
    Status.CONCLUDED: frozenset(),
}


class NotAllowed(Exception):
    """It cannot be done; the message says why, ``field`` (of a :class:`Plan`) where, if it is one field's fault."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Taken(NotAllowed):
    """There is another of that name."""


@dataclass(frozen=True)
class ArmPlan:
    """An arm to be made; see :class:`recommender.experiments.models.Arm`."""

    kind: str = Kind.CHAMPION
    version: ModelVersion | None = None
    share: float = 1.0
    title: str = ""
    as_slot: str = ""


@dataclass(frozen=True)
class Plan:
    """An experiment to be made; see :class:`recommender.experiments.models.Experiment`."""

    key: str
    title: str
    slot: str
    arms: Sequence[ArmPlan]
    method: str = Experiment.Method.SPLIT
    metric: str = Experiment.Metric.CLICKS
    traffic: float = 1.0
    floor: float = 0.05


def create(plan: Plan, *, actor: User | None, reason: str) -> Experiment:
    """Make a draft.

    Raises:
        NotAllowed: it could never be started, or its name is taken.
    """
    _check(plan)
    plain = {name: getattr(plan, name) for name in ("key", "title", "slot", "method", "metric", "traffic", "floor")}
    try:
        with transaction.atomic():
            experiment = Experiment.objects.create(**plain, created_by=actor)
            Arm.objects.bulk_create(_arm(experiment, *row) for row in zip(LETTERS, plan.arms, strict=False))
            after = {**plain, "arms": [arm_title(arm) for arm in experiment.arms.all()]}
            audit.record("experiment.create", actor=actor, target=experiment, after=after, reason=reason)
    except IntegrityError:
        raise Taken(_("There is an experiment named %(key)s already.") % {"key": plan.key}, "key") from None
    return experiment


def _arm(experiment: Experiment, letter: str, plan: ArmPlan) -> Arm:
    return Arm(
        experiment=experiment,
        letter=letter,
        kind=plan.kind,
        version=plan.version if plan.kind == Kind.VERSION else None,
        share=plan.share,
        title=plan.title,
        as_slot=plan.as_slot if plan.kind == Kind.SLOT else "",
    )


def _check(plan: Plan) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,29}", plan.key):
        raise NotAllowed(_("The name is 1 to 30 small letters, digits and hyphens."), "key")
    if not 2 <= len(plan.arms) <= len(LETTERS):
        raise NotAllowed(_("An experiment has 2 to %(most)d arms.") % {"most": len(LETTERS)}, "arms")
    if not 0 < plan.traffic <= 1:
        raise NotAllowed(_("The share that takes part is above 0 and at most 1."), "traffic")
    if not 0 <= plan.floor * len(plan.arms) <= 1:
        raise NotAllowed(_("The floors of all arms make at most a whole."), "floor")
    if not all(0 < arm.share <= LARGEST_SHARE for arm in plan.arms):
        raise NotAllowed(_("The share of an arm is above 0."), "arms")
    _check_slots(plan)
    made = [(arm.kind, arm.version, arm.as_slot) for arm in plan.arms]
    if plan.method == Experiment.Method.INTERLEAVING and any(made.count(one) > 1 for one in made):
        raise NotAllowed(_("Interleaving compares arms that differ."), "arms")


def _check_slots(plan: Plan) -> None:
    """Slot and arms, by the slots as they are: one may have been made a moment ago by another process."""
    slots = snapshot.load()
    if plan.slot not in slots:
        raise NotAllowed(_("There is no slot of that name."), "slot")
    if slots[plan.slot].kind.ranks:
        raise NotAllowed(_("This slot puts in order what a page shows anyway: it cannot be divided."), "slot")
    if slots[plan.slot].kind.in_messages:
        _check_without_clicks(plan)
    for arm in plan.arms:
        _check_arm(plan, arm, slots)


def _check_without_clicks(plan: Plan) -> None:
    """Slates of messages are neither seen nor clicked by any event: a click on a message leads to the campaign's results."""
    if plan.method != Experiment.Method.SPLIT:
        raise NotAllowed(
            _(
                "Only messages show this slot, and they tell no clicks on its products: choose an A/B test, decided by sales."
            ),
            "method",
        )
    if plan.metric == Experiment.Metric.CLICKS:
        raise NotAllowed(
            _(
                "Only messages show this slot, and they tell no clicks on its products: decide by what people put into the cart,"
                " order or spend."
            ),
            "metric",
        )


def _check_arm(plan: Plan, arm: ArmPlan, slots: Mapping[str, ServedSlot]) -> None:
    task = slots[plan.slot].task
    if arm.kind == Kind.SLOT and (arm.as_slot not in slots or arm.as_slot == plan.slot):
        raise NotAllowed(_("Choose another slot whose settings the arm has."), "arms")
    if arm.kind == Kind.SLOT and slots[arm.as_slot].kind.ranks:
        raise NotAllowed(_("This slot puts in order what a page shows anyway: it cannot be divided."), "arms")
    if arm.kind in (Kind.VERSION, Kind.POPULAR) and not task:
        raise NotAllowed(_("This slot asks no model: compare it with the settings of another slot."), "arms")
    if arm.kind != Kind.VERSION:
        return
    if arm.version is None:
        raise NotAllowed(_("Choose the model version of the arm."), "arms")
    if arm.version.slot != task:
        values = {"version": arm.version.name, "slot": arm.version.get_slot_display()}
        raise NotAllowed(_("%(version)s was made for another slot: %(slot)s.") % values, "arms")


def start(experiment: Experiment, *, actor: User | None, reason: str) -> None:
    """Let it run: requests that begin from now on are divided.

    Raises:
        NotAllowed: it is no draft, another runs in the slot, a slot is gone, or the file of a version cannot be opened.
    """
    arms = list(experiment.arms.select_related("version"))
    if experiment.status == Status.DRAFT:
        planned = [_plan_of(arm) for arm in arms]
        method, metric = experiment.method, experiment.metric
        _check_slots(Plan(experiment.key, experiment.title, experiment.slot, planned, method, metric))
    for arm in arms:
        if arm.version:
            try:
                local_path(arm.version)
            except BrokenFile as error:
                values = {"version": arm.version.name, "error": str(error)}
                raise NotAllowed(_("%(version)s cannot be opened: %(error)s") % values) from error
    try:
        _move(experiment, Status.RUNNING, "experiment.start", actor, reason, started_at=clock.now())
    except IntegrityError:
        raise NotAllowed(_("Another experiment runs in this slot. Stop it first.")) from None


def _plan_of(arm: Arm) -> ArmPlan:
    return ArmPlan(arm.kind, arm.version, arm.share, arm.title, arm.as_slot)


def discard(experiment: Experiment, *, actor: User | None, reason: str) -> None:
    """Delete a draft.

    Raises:
        NotAllowed: it is none: what ran is kept.
    """
    with transaction.atomic():
        found = Experiment.objects.select_for_update().filter(pk=experiment.pk).first()
        if found is None:
            return
        if found.status != Status.DRAFT:
            raise NotAllowed(_("What ran is kept. Only a draft can be discarded."))
        before = {"key": found.key, "title": found.title, "slot": found.slot}
        audit.record("experiment.discard", actor=actor, target=found, before=before, reason=reason)
        found.delete()


def stop(experiment: Experiment, *, actor: User | None, reason: str) -> None:
    """End it without a conclusion: everybody gets the slot as it is.

    Raises:
        NotAllowed: it does not run.
    """
    _move(experiment, Status.STOPPED, "experiment.stop", actor, reason, ended_at=clock.now(), note=reason)
    results.refresh(experiment)


def conclude(experiment: Experiment, winner: Arm | None, *, actor: User | None, reason: str) -> None:
    """End it, noting which arm won, or that none did. What serves the slot afterwards is promoted on the models page.

    Raises:
        NotAllowed: it neither runs nor was stopped, or the arm is another experiment's.
    """
    if winner is not None and winner.experiment_id != experiment.pk:
        raise NotAllowed(_("That arm is of another experiment."))
    # As the row has it: whoever concludes may have read it before it was stopped.
    ended = Coalesce("ended_at", Value(clock.now()))
    _move(
        experiment, Status.CONCLUDED, "experiment.conclude", actor, reason, ended_at=ended, note=reason, winner=winner
    )
    results.refresh(experiment)


def _move(experiment: Experiment, to: str, action: str, actor: User | None, reason: str, **fields: Any) -> None:
    """A guarded change of status: whoever comes second learns that it was done."""
    allowed = [status for status, following in TRANSITIONS.items() if to in following]
    before = {"status": experiment.status}
    with transaction.atomic():
        found = Experiment.objects.filter(pk=experiment.pk, status__in=allowed)
        if not found.update(status=to, **fields):
            experiment.refresh_from_db(fields=["status"])
            raise NotAllowed(
                _("%(title)s is %(status)s.")
                % {"title": experiment_title(experiment), "status": experiment.get_status_display().lower()}
            )
        after = {"status": to, **({"winner": str(fields["winner"].letter)} if fields.get("winner") else {})}
        audit.record(action, actor=actor, target=experiment, before=before, after=after, reason=reason)
        transaction.on_commit(running.announce)
    experiment.refresh_from_db(fields=["status", *fields])
