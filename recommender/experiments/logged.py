"""Which logged slates are an experiment's: by the variant that they carry, and until when."""

from __future__ import annotations

from datetime import datetime

from recommender.experiments.models import Experiment
from shop import clock

# In place of an arm's letter, on slates that were drafted from all.
MIXED = "mix"


def variant_of(key: str, letter: str) -> str:
    """What slates carry: ``home-ranker:b``."""
    return f"{key}:{letter}"


def variants(experiment: Experiment) -> list[str]:
    """Of all its slates."""
    mixed = experiment.method == Experiment.Method.INTERLEAVING
    letters = [MIXED] if mixed else [arm.letter for arm in experiment.arms.all()]
    return [variant_of(experiment.key, letter) for letter in letters]


def until(experiment: Experiment) -> datetime:
    """To when slates and acts count: the end, or now."""
    return experiment.ended_at or clock.now()
