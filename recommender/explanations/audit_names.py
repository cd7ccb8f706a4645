"""What the audit log calls slots, experiments, model versions and weights."""

from __future__ import annotations

from collections.abc import Collection

from recommender.experiments.models import Experiment
from recommender.experiments.titles import experiment_title
from recommender.signals.models import SignalWeight
from recommender.slots.models import Slot
from recommender.slots.titles import titles
from recommender.training.models import ModelVersion
from recommender.training.naming import version_name
from shop.operators.objects import Namer


def _slots(ids: Collection[str]) -> dict[str, str]:
    words = titles()
    return {str(pk): words.get(name, name) for pk, name in Slot.objects.filter(pk__in=ids).values_list("pk", "name")}


def _experiments(ids: Collection[str]) -> dict[str, str]:
    return {str(row.pk): experiment_title(row) for row in Experiment.objects.filter(pk__in=ids)}


def _versions(ids: Collection[str]) -> dict[str, str]:
    return {str(row.pk): version_name(str(row)) for row in ModelVersion.objects.filter(pk__in=ids)}


def _weights(ids: Collection[str]) -> dict[str, str]:
    return {str(row.pk): str(row) for row in SignalWeight.objects.filter(pk__in=ids)}


NAMERS: dict[str, Namer] = {
    "recommender.slot": _slots,
    "recommender.experiment": _experiments,
    "recommender.modelversion": _versions,
    "recommender.signalweight": _weights,
}
