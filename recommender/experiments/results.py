"""What an experiment shows, as data: who saw what, whether the split may be believed, and how the arms differ.

Kept on the experiment as JSON by a tick, so that pages and the API read a row; computed anew for who looks where that is quick.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from recommender.experiments import outcomes, policy_report
from recommender.experiments.interleaving import credit
from recommender.experiments.learning import ANSWERED_WITHIN, LAST_LOOKS
from recommender.experiments.logged import until, variants
from recommender.experiments.models import BANDITS, Arm, Experiment
from recommender.experiments.outcomes import Outcome, Served
from recommender.statistics.comparison import (
    ALPHA,
    Comparison,
    compare_at_any_time,
    from_zero_at_any_time,
    half_width,
    p_at_any_time,
)
from recommender.statistics.samples import NotEnough, Sample, cuped
from recommender.statistics.validity import SRM_LIMIT, sample_ratio_p_at_any_time
from shop import clock

Metric = Experiment.Metric
Method = Experiment.Method
# The interval holds at any time in the limit of many people: with fewer none is shown.
LEAST = 100
# An interleaved slate is compared by who clicks; of them fewer are enough, and there are fewer.
LEAST_CLICKERS = 50
# Guardrails: what an arm may do worse than arm a.
MORE_FALLBACK = 0.05
SLOWER_MS = 20.0
LONGEST_DAYS = 365
# Computing waits so long between two, less where somebody looks, and so many times what it took.
EVERY_SECONDS, LOOKED_AT_SECONDS, PAUSES = 50.0, 10.0, 20.0


@dataclass(frozen=True)
class Guard:
    """A guardrail of an arm: its figure, that of arm a, and whether it is broken."""

    name: str
    value: float | None
    base: float | None
    broken: bool

    def as_json(self) -> dict[str, Any]:
        """For keeping."""
        return {"name": self.name, "value": self.value, "base": self.base, "broken": self.broken}


def compute(experiment: Experiment) -> dict[str, Any]:
    """The results now, as JSON; of one that never ran empty."""
    if experiment.started_at is None:
        return {}
    began = time.perf_counter()
    days = (until(experiment) - experiment.started_at).total_seconds() / 86_400
    found = _interleaved(experiment, days) if experiment.method == Method.INTERLEAVING else _split(experiment, days)
    if experiment.is_bandit:
        found["off_policy"] = policy_report.report(experiment)
    return {"at": clock.now().isoformat(), "days": days, "seconds": round(time.perf_counter() - began, 3), **found}


def refresh(experiment: Experiment) -> dict[str, Any]:
    """Compute the results and keep them."""
    experiment.results = compute(experiment)
    Experiment.objects.filter(pk=experiment.pk).update(results=experiment.results)
    return dict(experiment.results)


def refresh_running() -> None:
    """Refresh what is under way, the longer between two the longer it takes: a tick must not keep the database busy."""
    lately = Q(method__in=BANDITS, ended_at__gte=clock.now() - ANSWERED_WITHIN - LAST_LOOKS)
    found = Experiment.objects.filter(Q(status=Experiment.Status.RUNNING) | lately, started_at__isnull=False)
    for experiment in found.prefetch_related("arms"):
        if _old(experiment, EVERY_SECONDS):
            refresh(experiment)


def of(experiment: Experiment) -> dict[str, Any]:
    """The results for somebody who looks: as last computed, or now where that was a while ago and took little.

    Of one that never ran empty.
    """
    if experiment.started_at is None:
        return {}
    running = experiment.status == Experiment.Status.RUNNING
    # Results that an earlier release kept have no estimates of arms alone.
    whole = experiment.results and (not experiment.is_bandit or "off_policy" in experiment.results)
    if not whole or (running and _old(experiment, LOOKED_AT_SECONDS)):
        return refresh(experiment)
    return dict(experiment.results)


def _old(experiment: Experiment, seconds: float) -> bool:
    kept = experiment.results
    pause = max(seconds, PAUSES * kept.get("seconds", 0.0))
    return not kept or clock.now() - datetime.fromisoformat(kept["at"]) >= timedelta(seconds=pause)


def _split(experiment: Experiment, days: float) -> dict[str, Any]:
    arms = list(experiment.arms.all())
    names = variants(experiment)
    found = outcomes.people(names, _start(experiment), until(experiment))
    slates = outcomes.served(names, _start(experiment), until(experiment))
    people = [found.get(name, Outcome()) for name in names]
    served = [slates.get(name, Served()) for name in names]
    p = 1.0
    if not experiment.is_bandit:
        p = sample_ratio_p_at_any_time([each.people for each in people], [arm.share for arm in arms])
    problem = _problem(experiment, people, p)
    told = [_arm(arm, *each) for arm, each in zip(arms, zip(people, served, strict=True), strict=True)]
    if not problem and not experiment.is_bandit:
        for index in range(1, len(arms)):
            told[index]["against"] = _against(people[0], people[index], len(arms) - 1)
            told[index]["guards"] = [guard.as_json() for guard in guards(served[0], served[index], arms[index])]
            told[index]["days_left"] = _days_left(experiment.metric, people[0], people[index], len(arms) - 1, days)
        if all(row.get("against", {}).get(experiment.metric) is None for row in told[1:]):
            problem = "too_few"
    return {"split_p": p, "problem": problem, "arms": told}


def _start(experiment: Experiment) -> datetime:
    if experiment.started_at is None:
        raise ValueError("an experiment that never ran has no slates")
    return experiment.started_at


def _problem(experiment: Experiment, people: list[Outcome], p: float) -> str:
    """Why no figure is shown, or nothing."""
    if not sum(each.people for each in people):
        return "nobody_yet"
    if p < SRM_LIMIT:
        return "split"
    if not experiment.is_bandit and min(each.people for each in people) < LEAST:
        return "too_few"
    return ""


def _arm(arm: Arm, people: Outcome, served: Served) -> dict[str, Any]:
    means = {Metric.CLICKS: people.clicks.ratio, Metric.ADDED: people.added.mean, Metric.ORDERED: people.ordered.mean}
    return {
        "letter": arm.letter,
        "people": people.people,
        "crossed": people.crossed,
        "simulated": people.simulated,
        "robots": people.robots,
        "slates": served.slates,
        "known": served.known,
        "fallback": served.fallback,
        "seen": served.seen,
        "clicked": served.clicked,
        "p50_ms": served.p50_ms,
        "p95_ms": served.p95_ms,
        "metrics": {**means, Metric.REVENUE: people.spend.unadjusted.mean},
    }


def _samples(metric: str, a: Outcome, b: Outcome) -> tuple[Sample, Sample]:
    """Both arms' samples of a metric.

    Raises:
        NotEnough: as the samples.
    """
    if metric == Metric.CLICKS:
        return a.clicks.linearised(), b.clicks.linearised()
    if metric == Metric.REVENUE:
        return cuped(a.spend, b.spend)
    return (a.added, b.added) if metric == Metric.ADDED else (a.ordered, b.ordered)


def _against(a: Outcome, b: Outcome, comparisons: int) -> dict[str, Any]:
    """Metric to the difference between b and a, or None where there is no figure; 5 % of error over all comparisons with a."""
    told: dict[str, Any] = {}
    for metric in Metric.values:
        try:
            one, other = _samples(metric, a, b)
            found = compare_at_any_time(one, other, alpha=ALPHA / comparisons)
            variance = one.variance / one.n + other.variance / other.n
            p = p_at_any_time(found.value, variance, one.n + other.n, alpha=ALPHA / comparisons)
        except NotEnough:
            told[metric] = None
        else:
            told[metric] = _comparison(found, min(1.0, p * comparisons))
    return told


def _comparison(found: Comparison, p: float) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high, "p": p}


def guards(a: Served, b: Served, arm: Arm) -> list[Guard]:
    """Fallback share and speed of ``arm`` (b) beside a's; a holdout falls back on purpose."""
    shares = [each.fallback / each.known if each.known else None for each in (a, b)]
    times = [each.p95_ms for each in (a, b)]
    fallback = [] if arm.kind == Arm.Kind.POPULAR else [_guard("fallback", shares, MORE_FALLBACK)]
    return [*fallback, _guard("p95_ms", times, SLOWER_MS)]


def _guard(name: str, figures: list[float | None], more: float) -> Guard:
    base, value = figures
    return Guard(name, value, base, base is not None and value is not None and value > base + more)


def _days_left(metric: str, a: Outcome, b: Outcome, comparisons: int, days: float) -> float | None:
    """Days until the interval leaves out zero, if the difference and the pace stay as they are; None: not within a year."""
    try:
        one, other = _samples(metric, a, b)
        value, people = abs(other.mean - one.mean), one.n + other.n
        variance = (one.variance / one.n + other.variance / other.n) * people
        return days_until(value, variance, people, people / days if days > 0 else 0.0, ALPHA / comparisons)
    except NotEnough:
        return None


def days_until(value: float, variance: float, people: int, a_day: float, alpha: float = ALPHA) -> float | None:
    """Days until ``half_width`` is below ``value``: 0 where it is already, None where that takes more than a year.

    Args:
        variance: of the estimate times the people behind it.
        a_day: people a day.
    """
    most = math.floor(people + LONGEST_DAYS * a_day)

    def clear(n: int) -> bool:
        return half_width(variance / n, n, alpha=alpha) < value

    if clear(people):
        return 0.0
    if a_day <= 0 or most <= people or not clear(most):
        return None
    low, high = people, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if clear(middle) else (middle, high)
    return (high - people) / a_day


def _interleaved(experiment: Experiment, days: float) -> dict[str, Any]:
    """Whom clicks prefer, person by person, against arm a."""
    arms = list(experiment.arms.all())
    (variant,) = variants(experiment)
    clicks = outcomes.team_clicks(variant, _start(experiment), until(experiment))
    people = outcomes.people([variant], _start(experiment), until(experiment)).get(variant, Outcome())
    served = outcomes.served([variant], _start(experiment), until(experiment)).get(variant, Served())
    problem = "nobody_yet" if not people.people else "too_few" if len(clicks) < LEAST_CLICKERS else ""
    told = [_arm(arm, people, served) for arm in arms]
    comparisons = len(arms) - 1
    for arm, row in zip(arms, told, strict=True):
        row["won"] = sum(_wins(slate, arm.letter, arms) for slates in clicks.values() for slate in slates)
    if not problem:
        for index in range(1, len(arms)):
            sample = varied(preferences(clicks, arms[0].letter, arms[index].letter))
            try:
                found = from_zero_at_any_time(sample, alpha=ALPHA / comparisons)
                p = p_at_any_time(found.value, sample.variance / sample.n, sample.n, alpha=ALPHA / comparisons)
            except NotEnough:
                told[index]["against"] = {"preference": None}
                problem = "too_few"
            else:
                told[index]["against"] = {"preference": _comparison(found, min(1.0, p * comparisons))}
                told[index]["days_left"] = days_until(
                    abs(found.value),
                    sample.variance,
                    sample.n,
                    sample.n / days if days > 0 else 0.0,
                    ALPHA / comparisons,
                )
    return {"split_p": 1.0, "problem": problem, "clickers": len(clicks), "arms": told}


def _wins(slate: Mapping[str, int], letter: str, arms: list[Arm]) -> int:
    """1 where the arm's products were clicked more than those of any other."""
    others = (slate.get(arm.letter, 0) for arm in arms if arm.letter != letter)
    return int(slate.get(letter, 0) > max(others, default=0))


def preferences(clicks: Mapping[str, list[dict[str, int]]], one: str, other: str) -> Sample:
    """People with a mean preference each, from -1 (all their slates prefer ``one``) to 1 (``other``)."""
    values = [sum(credit(slate, one, other) for slate in slates) / len(slates) for slates in clicks.values()]
    return Sample(len(values), sum(values), sum(value**2 for value in values))


def varied(sample: Sample) -> Sample:
    """The sample; where all prefer the same arm as strongly, with one more who prefers the other: else there is no interval."""
    if sample.n < 2 or sample.variance > 0 or not sample.mean:
        return sample
    return sample + Sample(1, -sample.mean, sample.mean**2)
