"""What may be done about an experiment: start, discard, stop, conclude, each with a reason and an audit entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from config.dashboard import pages
from recommender.experiments import steering
from recommender.experiments.models import Arm, Experiment

Status = Experiment.Status

_ACTS: dict[str, tuple[str, ...]] = {
    "start": (Status.DRAFT,),
    "discard": (Status.DRAFT,),
    "stop": (Status.RUNNING,),
    "conclude": (Status.RUNNING, Status.STOPPED),
}


def offered(request: HttpRequest, experiment: Experiment) -> list[dict[str, Any]]:
    """What this operator may do now."""
    if not request.user.has_perm("recommender.launch_experiment"):
        return []
    said = {
        "start": (
            _("Start"),
            _("Start it?"),
            _("Every request that begins from now on is divided. Arms and shares cannot be changed afterwards."),
        ),
        "discard": (_("Discard"), _("Discard the draft?"), _("It is deleted; the audit log keeps that it was.")),
        "stop": (
            _("Stop"),
            _("Stop it?"),
            _(
                "Everybody gets the slot as it is, from the next request on. It cannot be started again; the figures stay."
            ),
        ),
        "conclude": (
            _("Conclude"),
            _("What was found?"),
            _(
                "It ends and the conclusion is kept. Nothing is promoted: what serves the slot is chosen on the models page."
            ),
        ),
    }
    return [
        {
            "act": act,
            "label": said[act][0],
            "heading": said[act][1],
            "text": said[act][2],
            "tone": "p" if act == "start" else "",
        }
        for act, statuses in _ACTS.items()
        if experiment.status in statuses
    ]


def act(request: HttpRequest, experiment: Experiment) -> HttpResponse:
    """Do what was asked for, with its reason; back to the page, or to the list where there is none any more."""
    if not request.user.has_perm("recommender.launch_experiment"):
        raise PermissionDenied
    back = redirect("admin:experiment", experiment.pk)
    wanted, reason = request.POST.get("act", ""), request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say why: the reason goes into the audit log."))
        return back
    acts: dict[str, Callable[[], None]] = {
        "start": lambda: steering.start(experiment, actor=pages.operator(request), reason=reason),
        "discard": lambda: steering.discard(experiment, actor=pages.operator(request), reason=reason),
        "stop": lambda: steering.stop(experiment, actor=pages.operator(request), reason=reason),
        "conclude": lambda: steering.conclude(
            experiment, _winner(request, experiment), actor=pages.operator(request), reason=reason
        ),
    }
    try:
        acts.get(wanted, lambda: None)()
    except steering.NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done."))
        if wanted == "discard":
            return redirect("admin:experiments")
    return back


def _winner(request: HttpRequest, experiment: Experiment) -> Arm | None:
    letter = request.POST.get("winner", "")
    return next((arm for arm in experiment.arms.all() if arm.letter == letter), None)
