"""Experiments: what runs, what was found, and making a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.dashboard import pages, words
from config.dashboard.dressed import Dressed
from recommender.experiments import results, steering
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.steering import ArmPlan, NotAllowed, Plan
from recommender.experiments.titles import arm_title, experiment_title
from recommender.experiments.verdicts import verdict
from recommender.models import ModelVersion
from recommender.slots.models import Slot
from recommender.slots.titles import titles
from recommender.slots.types import TYPES
from shop.operators.naming import operator_name

SHOWN = 50
FIRST = "home"
ARMS = 4
TONES = {"running": "ok", "stopped": "wn"}
# Of each task, the newest versions that an arm may pin.
VERSIONS = 8


def page(request: HttpRequest) -> HttpResponse:
    """The list, what runs first."""
    if not request.user.has_perm("recommender.view_experiment"):
        raise PermissionDenied
    found = list(
        Experiment.objects.select_related("created_by")
        .prefetch_related("arms__version")
        .order_by("-created_at")[:SHOWN]
    )
    found.sort(key=lambda experiment: experiment.status != Experiment.Status.RUNNING)
    names = titles()
    return pages.render(
        request,
        "dashboard/experiments.html",
        _("Experiments"),
        rows=[_row(experiment, names) for experiment in found],
        may_change=request.user.has_perm("recommender.launch_experiment"),
        looks=pages.looks(request, "recommender.launch_experiment"),
    )


def _row(experiment: Experiment, names: Mapping[str, str]) -> dict[str, Any]:
    found = results.of(experiment)
    arms = list(experiment.arms.all())
    people = _people(experiment, found)
    return {
        "experiment": experiment,
        "title": experiment_title(experiment),
        "slot": names.get(experiment.slot, experiment.slot),
        "arms": " · ".join(arm_title(arm, names) for arm in arms),
        "maker": operator_name(experiment.created_by),
        "tone": TONES.get(experiment.status, ""),
        "people": words.number(people) if found else "–",
        "verdict": verdict(experiment, found, names).heading,
    }


def _people(experiment: Experiment, found: dict[str, Any]) -> int:
    """Everybody who took part; each arm of an interleaved one is shown to all of them."""
    counts = [row["people"] for row in found.get("arms", [])]
    return max(counts, default=0) if experiment.method == Experiment.Method.INTERLEAVING else sum(counts)


def slots() -> list[tuple[str, str]]:
    """(name, title) of those that may be divided."""
    found, names = Slot.objects.filter(active=True), titles()
    return [(slot.name, names[slot.name]) for slot in found if slot.type in TYPES and not TYPES.get(slot.type).ranks]


class ExperimentForm(Dressed, forms.Form):
    """A new experiment, without its arms."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=80)
    key = forms.CharField(
        label=gettext_lazy("Short name, in slates and in the API"),
        max_length=30,
        widget=forms.TextInput(attrs={"pattern": r"[a-z0-9][a-z0-9\-]*", "placeholder": "home-ranker"}),
    )
    # What most experiments are about stands first.
    slot = forms.ChoiceField(label=gettext_lazy("Slot"), choices=lambda: sorted(slots(), key=lambda x: x[0] != FIRST))
    method = forms.ChoiceField(label=gettext_lazy("How"), choices=Experiment.Method.choices)
    metric = forms.ChoiceField(label=gettext_lazy("What decides"), choices=Experiment.Metric.choices)
    traffic = forms.CharField(
        label=gettext_lazy("Share of the people that take part, %"),
        initial="100",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    floor = forms.CharField(
        label=gettext_lazy("Bandits: what each arm keeps, %"),
        initial="5",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


def new(request: HttpRequest) -> HttpResponse:
    """The form of a new one; POST makes a draft."""
    if not request.user.has_perm("recommender.launch_experiment"):
        raise PermissionDenied
    given = request.POST
    form = ExperimentForm(given if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            plan = _plan(form.cleaned_data, given)
            experiment = steering.create(plan, actor=pages.operator(request), reason=form.cleaned_data["reason"])
        except NotAllowed as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("Made “%(title)s”. Start it when you are ready.") % {"title": experiment.title})
            return redirect("admin:experiment", experiment.pk)
    return pages.render(
        request,
        "dashboard/experiment_new.html",
        _("New experiment"),
        form=form,
        asked=[field for field in form if field.name != "reason"],
        arms=[_arm_row(given, number) for number in range(ARMS)],
        choices=_arm_choices(),
    )


def _arm_row(given: Any, number: int) -> dict[str, Any]:
    usual = ("champion", "popular", "", "")[number]
    return {
        "number": number,
        "letter": steering.LETTERS[number],
        "kind": given.get(f"arm-{number}", usual),
        "share": given.get(f"share-{number}", "1"),
        "title": given.get(f"title-{number}", ""),
    }


def _arm_choices() -> list[tuple[str, str]]:
    """(value, words) of what an arm may be."""
    found = [(str(kind), str(Arm.Kind(kind).label)) for kind in (Arm.Kind.CHAMPION, Arm.Kind.POPULAR)]
    found += [(f"slot:{name}", _("As slot “%(slot)s”") % {"slot": title}) for name, title in slots()]
    versions = ModelVersion.objects.filter(error="").exclude(file="").order_by("slot", "-trained_at")
    counts: dict[str, int] = {}
    for version in versions[:200]:
        counts[version.slot] = counts.get(version.slot, 0) + 1
        if counts[version.slot] <= VERSIONS:
            found.append((f"version:{version.pk}", f"{version.get_slot_display()}: {version.name}"))
    return found


def _plan(asked: Mapping[str, str], given: Any) -> Plan:
    """What the form asks for; ``given`` has the arms.

    Raises:
        NotAllowed: what was written is no number, or no arm.
    """
    return Plan(
        key=asked["key"],
        title=asked["title"],
        slot=asked["slot"],
        method=asked["method"],
        metric=asked["metric"],
        traffic=_number(asked["traffic"], "traffic") / 100,
        floor=_number(asked["floor"], "floor") / 100,
        arms=[_arm(given, number) for number in range(ARMS) if given.get(f"arm-{number}")],
    )


def _arm(given: Any, number: int) -> ArmPlan:
    kind, _colon, which = given[f"arm-{number}"].partition(":")
    if kind not in Arm.Kind.values or (kind == Arm.Kind.VERSION and not which.isdecimal()):
        raise NotAllowed(_("Choose one of the list: %(field)s.") % {"field": _("arm")}, "arms")
    version = ModelVersion.objects.filter(pk=int(which)).first() if kind == Arm.Kind.VERSION else None
    return ArmPlan(
        kind=kind,
        version=version,
        share=_number(given.get(f"share-{number}", "1"), "arms"),
        title=given.get(f"title-{number}", "").strip()[:80],
        as_slot=which if kind == Arm.Kind.SLOT else "",
    )


def _number(text: str, field: str) -> float:
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = float("nan")
    if not abs(found) < 1e9:
        raise NotAllowed(_("“%(text)s” is no number.") % {"text": text}, field)
    return found
