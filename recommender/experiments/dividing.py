"""Experiments that need a slot: it must not be deleted under them."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from recommender.experiments.models import Experiment


def dividing(slot: str) -> str:
    """In words, an experiment that divides the slot, or takes its settings, and is not over; empty where there is none."""
    open_ones = Experiment.objects.filter(status__in=(Experiment.Status.DRAFT, Experiment.Status.RUNNING))
    using = open_ones.filter(Q(slot=slot) | Q(arms__as_slot=slot)).first()
    if using is None:
        return ""
    if using.status == Experiment.Status.RUNNING:
        return _("The experiment “%(experiment)s” divides it or takes its settings: stop it first.") % {
            "experiment": using.title
        }
    return _("The experiment “%(experiment)s” is to divide it or to take its settings: discard the draft first.") % {
        "experiment": using.title
    }
