"""A training: read, learn from before a moment, judge by what came after, learn from everything, keep, promote.

A split in time only. The versions that are kept learned from everything, with the parameters that were judged; their figures are
those of their twins that knew nothing of the test window.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.core.files.storage import storages
from django.db import connection

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.algorithms.blend import PARTS, Blend
from recommender.dataset import Dataset, NotEnoughData
from recommender.dataset.building import read_dataset
from recommender.dataset.interactions import DAY_MS
from recommender.evaluation import intervals
from recommender.evaluation.beyond import Background
from recommender.evaluation.judging import Verdict, difference, judge
from recommender.evaluation.tasks import METRIC, Questioner
from recommender.profiles.long_term import LongTerm, learn
from recommender.training import artefacts, promotion
from recommender.training.models import ModelVersion, Slot, TrainingRun
from recommender.training.progress import Progress
from shop import clock
from shop.models import Shopper

TEST_DAYS = 14
QUESTIONS = 1_000
# With fewer questions than this nothing is promoted by itself over another algorithm.
LEAST_QUESTIONS = 30
SEED = 7
KEEP_RETIRED = 5


class AlreadyTraining(Exception):
    """Another process is training."""


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the advisory lock of trainings; it goes with the connection, so a killed training leaves none.

    Raises:
        AlreadyTraining: somebody else holds it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('pushcart training'))")
        if not cursor.fetchone()[0]:
            raise AlreadyTraining("another training is running: see the models page, or wait for it")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('pushcart training'))")


@dataclass
class Candidate:
    """An algorithm with what came of it.

    Attributes:
        algorithm: learned from before the test window, then from everything.
        verdicts: slot to verdict.
        fit_seconds: of learning from everything.
    """

    algorithm: Algorithm
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    fit_seconds: float = 0.0


def train(
    only: str | None = None,
    *,
    say: Callable[[float, str], None] = lambda share, line: None,
    promote: bool = True,
    quick: bool = False,
) -> TrainingRun:
    """Train every algorithm (or ``only`` one), judge, keep and promote; returns the row of the run.

    Args:
        quick: without the algorithms that take minutes, unless one of them is asked for.

    Raises:
        AlreadyTraining: another process is at it.
        NotEnoughData: with what is missing; the run is kept as failed.
        UnknownPlugin: no algorithm of that name.
    """
    if only is not None and (missing := ALGORITHMS.get(only).unavailable()):
        raise NotEnoughData(f"{only} cannot be trained here: {missing}")
    with only_one():
        # Whoever held the lock before is gone.
        TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING).update(
            status=TrainingRun.Status.FAILED, error="It was ended before it was done.", ended_at=clock.now()
        )
        run = TrainingRun.objects.create(algorithm=only or "")
        try:
            run.report = _train(Progress(run, say), _names(only, quick=quick), promote=promote)
        except BaseException as error:
            run.status, run.error = TrainingRun.Status.FAILED, f"{error}" or type(error).__name__
            raise
        else:
            run.status, run.progress, run.step = TrainingRun.Status.DONE, 1.0, ""
        finally:
            run.ended_at = clock.now()
            run.save()
    return run


def _names(only: str | None, *, quick: bool) -> list[str]:
    """What is trained: all, or one with what it must be compared with (popularity, the champions), and the parts of a blend."""
    if only is None:
        known = {name: ALGORITHMS.get(name) for name in ALGORITHMS}
        return [name for name, one in known.items() if not one.unavailable() and not (quick and one.costly)]
    served = ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).values_list("algorithm", flat=True)
    wanted = {only, "popular", *served}
    if Blend.name in wanted:
        wanted.update(PARTS)
    return [name for name in ALGORITHMS if name in wanted]


def _train(progress: Progress, names: list[str], *, promote: bool) -> dict[str, Any]:
    progress.step(0.0, "reading orders, events and the catalogue")
    dataset = read_dataset(say=progress.note)
    dataset.require(interactions=10, products=1)
    cut = dataset.window[1] - TEST_DAYS * DAY_MS
    progress.step(0.15, f"learning from before {_date(cut)}")
    candidates = _learn_earlier(dataset.before(cut), names)
    progress.step(0.4, f"judging by what happened since {_date(cut)}")
    asked = _judge(candidates, dataset, cut, progress)
    progress.step(0.6, "learning from everything")
    _learn_everything(candidates, dataset)
    progress.step(0.85, "keeping the models")
    history = learn(dataset, without=_unwilling())
    versions = _keep(candidates, history, dataset, progress.run)
    progress.step(0.95, "comparing with the champions")
    promoted = _promote(candidates, versions, asked, progress) if promote else []
    _forget_old()
    return {"questions": asked, "promoted": promoted, "interactions": len(dataset), "products": len(dataset.products)}


def _date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def _unwilling() -> list[str]:
    """Shoppers whose history must not be used."""
    return list(Shopper.objects.filter(personalised=False).values_list("pk", flat=True))


def _learn_earlier(earlier: Dataset, names: list[str]) -> dict[str, Candidate]:
    """Those named, learned from before the test window. Those that it cannot teach are left out."""
    found: dict[str, Candidate] = {}
    for name in names:
        if name == Blend.name:
            continue
        with suppress(NotEnoughData):
            found[name] = Candidate(ALGORITHMS.get(name)().fit(earlier))
    if Blend.name in names and found:
        members = {name: found[name].algorithm for name in PARTS if name in found}
        found[Blend.name] = Candidate(Blend().fit(earlier, members))
    if not found:
        earlier.require(interactions=1)
        raise NotEnoughData(f"everything happened within the last {TEST_DAYS} days: nothing lies before to learn from")
    return found


def _judge(candidates: dict[str, Candidate], dataset: Dataset, cut: int, progress: Progress) -> dict[str, int]:
    questioner = Questioner(dataset, cut, seed=SEED)
    background = Background.of(questioner.earlier)
    asked = {}
    for slot in Slot.values:
        questions = questioner.ask(slot, QUESTIONS)
        asked[slot] = len(questions)
        for candidate in candidates.values():
            candidate.verdicts[slot] = judge(candidate.algorithm, questions, background, seed=SEED)
        progress.note(f"{slot}: {len(questions)} questions")
    return asked


def _learn_everything(candidates: dict[str, Candidate], dataset: Dataset) -> None:
    for name, candidate in candidates.items():
        started = time.perf_counter()
        if isinstance(candidate.algorithm, Blend):
            members = {part: candidates[part].algorithm for part in PARTS if part in candidates}
            candidate.algorithm = Blend(**candidate.algorithm.settled()).fit(dataset, members)
        else:
            candidate.algorithm = ALGORITHMS.get(name)(**candidate.algorithm.settled()).fit(dataset)
        candidate.fit_seconds = time.perf_counter() - started


def _keep(
    candidates: dict[str, Candidate], history: LongTerm, dataset: Dataset, run: TrainingRun
) -> dict[tuple[str, str], ModelVersion]:
    first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in dataset.window)
    versions = {}
    for name, candidate in candidates.items():
        stored = artefacts.store(candidate.algorithm, history)
        for slot, verdict in candidate.verdicts.items():
            against = candidates.get("popular")
            comparison = {}
            if against is not None and against is not candidate:
                comparison["popular"] = _as_json(difference(verdict, against.verdicts[slot], METRIC, seed=SEED))
            versions[name, slot] = ModelVersion.objects.create(
                algorithm=name,
                slot=slot,
                run=run,
                metrics={**verdict.as_json(), **_latency(verdict)},
                comparison=comparison,
                params=candidate.algorithm.params(),
                window_from=first,
                window_to=last,
                trained_at=clock.now(),
                fit_seconds=candidate.fit_seconds,
                size_bytes=stored.size_bytes,
                file=stored.file,
                sha256=stored.sha256,
            )
    return versions


def _as_json(estimate: intervals.Estimate) -> dict[str, Any]:
    found = estimate.as_json()
    return {"difference": found["value"], "low": found["low"], "high": found["high"], "n": found["n"]}


def _latency(verdict: Verdict) -> dict[str, Any]:
    if not len(verdict.seconds):
        return {}
    p50, p99 = np.quantile(verdict.seconds, [0.5, 0.99], method="lower")
    figures = {"p50_ms": p50, "p99_ms": p99}
    figures["cpu_p99_ms"] = np.quantile(verdict.processor_seconds, 0.99, method="lower")
    return {
        name: {"value": round(1000 * float(value), 3), "n": len(verdict.seconds)} for name, value in figures.items()
    }


def _promote(
    candidates: dict[str, Candidate],
    versions: dict[tuple[str, str], ModelVersion],
    asked: dict[str, int],
    progress: Progress,
) -> list[str]:
    promoted = []
    for slot in Slot.values:
        champion = promotion.champion(slot)
        chosen, reason = _choose(slot, champion, candidates, versions, asked[slot])
        progress.note(f"{slot}: {reason}")
        if chosen is None:
            continue
        try:
            promotion.promote(chosen, actor=None, reason=reason)
        except promotion.PromotionError as error:
            progress.note(f"{slot}: {error}")
        else:
            promoted.append(f"{slot}: {chosen}")
    return promoted


def _choose(
    slot: str,
    champion: ModelVersion | None,
    candidates: dict[str, Candidate],
    versions: dict[tuple[str, str], ModelVersion],
    asked: int,
) -> tuple[ModelVersion | None, str]:
    """The version to promote, or None, and why.

    Without a champion the best is taken if it clears popularity. Another algorithm replaces the champion's if its interval, paired
    on the same questions, lies above the champion's algorithm learned from the same days; else the champion's algorithm goes
    on with what it learned since.
    """
    if champion is not None and champion.pinned:
        return None, f"{champion} is pinned"
    ranked = sorted(candidates, key=lambda name: -candidates[name].verdicts[slot].estimates[METRIC].value)
    best = ranked[0]
    base = champion.algorithm if champion is not None and champion.algorithm in candidates else "popular"
    for name in ranked:
        if champion is not None and name in candidates and base in candidates and name != base:
            against = difference(candidates[name].verdicts[slot], candidates[base].verdicts[slot], METRIC, seed=SEED)
            version = versions[name, slot]
            version.comparison = {**version.comparison, "champion": _as_json(against)}
            version.save(update_fields=["comparison"])
    if Blend.name in candidates and best != Blend.name:
        # Where the two cannot be told apart, the one that answers whatever is known.
        lead = difference(candidates[best].verdicts[slot], candidates[Blend.name].verdicts[slot], METRIC, seed=SEED)
        best = best if lead.low > 0 else Blend.name
    if base not in candidates:
        return (
            (versions[best, slot], "the only algorithm that was trained")
            if champion is None
            else (None, "nothing to compare")
        )
    found = candidates[best].verdicts[slot]
    gain = difference(found, candidates[base].verdicts[slot], METRIC, seed=SEED)
    words = f"{METRIC} {gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) against {base} on {asked} questions"
    if best != base and asked >= LEAST_QUESTIONS and gain.low > 0:
        problem = promotion.fit_to_serve(versions[best, slot])
        if not problem:
            return versions[best, slot], f"{best} is better: {words}"
        words += f"; {best} is kept back: {problem}"
    if (base, slot) in versions:
        return versions[base, slot], f"{base} goes on, with newer data; {words}"
    return None, words


def _forget_old() -> None:
    """Candidates and retired versions beyond the newest few of each slot and algorithm go, with files that nobody needs."""
    for slot in Slot.values:
        for name in ModelVersion.objects.filter(slot=slot).values_list("algorithm", flat=True).distinct():
            old = ModelVersion.objects.filter(slot=slot, algorithm=name).exclude(status=ModelVersion.Status.CHAMPION)
            keep = old.order_by("-trained_at", "-pk").values_list("pk", flat=True)[:KEEP_RETIRED]
            doomed = old.exclude(pk__in=list(keep))
            files = set(doomed.values_list("file", flat=True))
            doomed.delete()
            still = set(ModelVersion.objects.filter(file__in=files).values_list("file", flat=True))
            for file in files - still:
                storages["models"].delete(file)
