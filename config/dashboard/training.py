"""One training: how far it is, what came of it, how long each algorithm took, what was left out and why, and its log."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from config.dashboard import model_figures, pages, words
from config.dashboard.charts import Bar
from recommender.models import ModelVersion, TrainingRun
from recommender.training.models import Slot
from recommender.training.naming import algorithm_name, named
from recommender.training.wording import in_words
from shop import clock
from shop.punctuation import listed

Status = TrainingRun.Status
TONES = {Status.DONE: "ok", Status.FAILED: "bd", Status.SKIPPED: "wn"}
LOG_LINES = 400


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one training."""
    if not request.user.has_perm("recommender.view_trainingrun"):
        raise PermissionDenied
    run = get_object_or_404(TrainingRun, pk=pk)
    promoted = [found for found in _versions(run) if found.status == ModelVersion.Status.CHAMPION]
    return pages.render(
        request,
        "dashboard/training.html",
        _("Training"),
        run=run,
        tone=TONES.get(Status(run.status), ""),
        verdict=_verdict(run, promoted),
        scope=algorithm_name(run.algorithm) if run.algorithm else _("all algorithms"),
        promoted=promoted,
        took=_took(run.report),
        facts=_facts(run),
        lacking=model_figures.lacking(run),
        log=in_words(run.log, named).splitlines()[-LOG_LINES:],
    )


def _versions(run: TrainingRun) -> list[ModelVersion]:
    order = {slot: place for place, slot in enumerate(Slot.values)}
    return sorted(run.versions.all(), key=lambda version: (order.get(version.slot, 99), version.pk))


def _verdict(run: TrainingRun, promoted: list[ModelVersion]) -> str:
    """The answer in words."""
    if run.status == Status.RUNNING:
        return run.step_in_words or _("It has begun.")
    if run.status == Status.FAILED:
        return run.error_in_words.splitlines()[0] if run.error else _("It failed.")
    if run.status == Status.SKIPPED:
        return str(run.get_status_display())
    if not promoted:
        return _("It is done. The champions go on as they were, or newer ones serve by now.")
    return _("It is done. What it made serves: %(slots)s.") % {
        "slots": listed(version.get_slot_display() for version in promoted)
    }


def _took(report: dict[str, Any]) -> list[Bar]:
    """Seconds on the clock by algorithm, most first; what comes before them is among them."""
    sums: dict[str, float] = {}
    for step, seconds in report.get("seconds", {}).items():
        name = step.rpartition("/")[2]
        sums[name] = sums.get(name, 0.0) + seconds
    most = max(sums.values(), default=0.0) or 1.0
    steps = {"dataset": _("Reading the data"), "weights": _("Weights of acts")}
    return [
        Bar(
            steps.get(name) or algorithm_name(name),
            _("%(seconds)s s") % {"seconds": words.number(seconds, 1)},
            100 * seconds / most,
        )
        for name, seconds in sorted(sums.items(), key=lambda item: -item[1])
    ]


def _facts(run: TrainingRun) -> list[tuple[str, str]]:
    report = run.report
    taken = ((run.ended_at or clock.now()) - run.started_at).total_seconds()
    slots = dict(Slot.choices)
    questions = listed(f"{slots.get(slot, slot)} {count}" for slot, count in report.get("questions", {}).items())
    found = [
        (_("Took"), _("%(minutes)d min %(seconds)02d s") % {"minutes": taken // 60, "seconds": taken % 60}),
        (_("Interactions"), words.number(report["interactions"]) if "interactions" in report else "–"),
        (_("Products"), words.number(report["products"]) if "products" in report else "–"),
        (_("Questions that judged"), questions or "–"),
        (_("Memory at the peak"), f"{words.number(report['peak_mb'])} MB" if "peak_mb" in report else "–"),
    ]
    if report.get("continues"):
        found.append((_("Continues training"), str(report["continues"])))
    return found
