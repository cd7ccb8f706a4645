"""What each arm would have brought alone, from the slates of all: for bandits, whose shares follow the clicks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.experiments import outcomes
from recommender.experiments.learning import ANSWERED_WITHIN
from recommender.experiments.logged import until, variants
from recommender.experiments.models import Experiment
from recommender.experiments.slate_policies import SlateLog, always, effective, estimates

# The newest are enough for an interval, and keep the page quick.
MOST = 20_000
LEAST = 100


def slate_log(experiment: Experiment) -> SlateLog:
    """The newest seen slates of an experiment with the shares that they were drawn with; of interleaved ones none."""
    letters = [arm.letter for arm in experiment.arms.all()]
    names = dict(zip(variants(experiment), range(len(letters)), strict=False))
    end = until(experiment) - (ANSWERED_WITHIN if experiment.ended_at is None else timedelta(0))
    since = experiment.started_at
    interleaved = experiment.method == Experiment.Method.INTERLEAVING
    rows = outcomes.drawn(list(names), since, end, MOST) if since and not interleaved else []
    # What was drawn had a chance; without it a slate tells nothing.
    rows = [row for row in rows if row[2].get(letters[names[row[1]]], 0.0) > 0]
    propensity = [[row[2].get(letter, 0.0) for letter in letters] for row in rows]
    return SlateLog(
        arm=np.array([names[row[1]] for row in rows], np.int64),
        reward=np.array([row[4] for row in rows], np.float64),
        propensity=np.array(propensity, np.float64).reshape(len(rows), len(letters)),
        situation=_numbers([row[3] for row in rows]),
        person=_numbers([row[0] for row in rows]),
    )


def _numbers(names: list[str]) -> NDArray[np.int64]:
    return np.unique(np.array(names, str), return_inverse=True)[1].astype(np.int64)


def report(experiment: Experiment) -> list[dict[str, Any]]:
    """For each arm its estimates by IPS, SNIPS and DR as JSON, and how many slates they are worth; empty with too few slates.

    An arm without a chance in some of the slates (its floor is zero) is left out: of these nothing is known of it.
    """
    log = slate_log(experiment)
    if len(log) < LEAST:
        return []
    told = []
    for index, arm in enumerate(experiment.arms.all()):
        policy = always(index, len(log), log.propensity.shape[1])
        if not (log.arm == index).any() or not (log.propensity[:, index] > 0).all():
            continue
        found = {name: estimate.as_json() for name, estimate in estimates(log, policy).items()}
        told.append({"letter": arm.letter, "slates": len(log), "worth": effective(log, policy), **found})
    return told
