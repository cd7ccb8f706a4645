"""Values that algorithms learn with: searched for inside the training part of a run, and used again for a week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.dataset import Dataset
from recommender.training.models import TrainingRun
from shop import clock

# Habits of a shop change slowly, and a search takes as long as learning.
SEARCH_EVERY = timedelta(days=7)
LOOKED_BACK = 30

Settings = dict[str, dict[str, Any]]


def searched_for(name: str) -> type[Algorithm] | None:
    """The class, if its values are searched for in a training."""
    try:
        made = ALGORITHMS.get(name)
    except ImproperlyConfigured:
        return None
    return made if made.search_seconds > 0 else None


def remembered() -> Settings:
    """Algorithm to the settings that were found last, where that is not too long ago."""
    found: Settings = {}
    done = TrainingRun.objects.filter(status=TrainingRun.Status.DONE).order_by("-started_at")
    for report in done.values_list("report", flat=True)[:LOOKED_BACK]:
        for name, settings in report.get("settings", {}).items():
            found.setdefault(name, settings)
    return {name: settings for name, settings in found.items() if is_fresh(settings)}


def newest_weights() -> dict[str, Any]:
    """What the newest training found that searched for weights of acts: ``values``, ``at`` and the figures of the search.

    Empty where none did.
    """
    done = TrainingRun.objects.filter(status=TrainingRun.Status.DONE).order_by("-started_at")
    for report in done.values_list("report", flat=True)[:LOOKED_BACK]:
        if found := report.get("weights", {}).get("learnt"):
            return dict(found)
    return {}


def is_fresh(found: Mapping[str, Any]) -> bool:
    """Whether something was searched for lately enough to be used again."""
    return bool(found.get("at")) and datetime.fromisoformat(found["at"]) > clock.now() - SEARCH_EVERY


def search(made: type[Algorithm], dataset: Dataset) -> dict[str, Any]:
    """Settings: what was found (``params``, empty where the data are too few to tell) and when."""
    return {"params": made().tuned(dataset, made.search_seconds), "at": clock.now().isoformat()}


def params_of(settings: Settings) -> Mapping[str, Mapping[str, Any]]:
    """Algorithm to the values that were found."""
    return {name: found["params"] for name, found in settings.items()}
