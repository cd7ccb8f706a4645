"""What a training leaves: a version for each algorithm and slot, with its figures; old ones go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.core.files.storage import storages
from django.db import transaction

from recommender.dataset import Dataset
from recommender.evaluation import paired, segments
from recommender.evaluation.judging import Verdict
from recommender.evaluation.tasks import METRIC, Question
from recommender.profiles.long_term import LongTerm
from recommender.profiles.states import ShopperStates
from recommender.training import artefacts, promotion
from recommender.training.models import ModelVersion, Slot, TrainingRun
from recommender.training.stages import SEED, Candidate
from recommender.training.workspace import Workspace
from shop import clock

KEEP_RETIRED = 5
Versions = dict[tuple[str, str], ModelVersion]


def keep(
    candidates: Mapping[str, Candidate],
    history: LongTerm,
    dataset: Dataset,
    run: TrainingRun,
    space: Workspace,
    questions: Mapping[str, Sequence[Question]],
    states: ShopperStates | None = None,
) -> Versions:
    """Store files and rows; (algorithm, slot) to version. What a run that was killed meanwhile has kept is found again."""
    kept = ModelVersion.objects.filter(run__in=space.runs)
    if kept.exists():
        return {(version.algorithm, version.slot): version for version in kept}
    window = [datetime.fromtimestamp(ms / 1000, UTC) for ms in dataset.window]
    comparisons = {slot: compared(candidates, slot, questions[slot]) for slot in Slot.values}
    rows = [row for candidate in candidates.values() for row in _rows(candidate, history, comparisons, states)]
    with transaction.atomic():
        for row in rows:
            row.run, row.window_from, row.window_to, row.trained_at = run, window[0], window[1], clock.now()
            row.save()
    return {(row.algorithm, row.slot): row for row in rows}


def _rows(
    candidate: Candidate,
    history: LongTerm,
    comparisons: Mapping[str, Mapping[str, dict[str, Any]]],
    states: ShopperStates | None,
) -> list[ModelVersion]:
    algorithm = candidate.algorithm()
    stored = artefacts.store(algorithm, history, states)
    return [
        ModelVersion(
            algorithm=candidate.name,
            slot=slot,
            metrics={**verdict.as_json(), **latency(verdict)},
            segments=verdict.segments_as_json(),
            importance=algorithm.importance(slot),
            comparison=comparisons[slot].get(candidate.name, {}),
            params=algorithm.params(),
            fit_seconds=candidate.fit_seconds,
            size_bytes=stored.size_bytes,
            file=stored.file,
            sha256=stored.sha256,
        )
        for slot, verdict in candidate.verdicts.items()
    ]


def compared(
    candidates: Mapping[str, Candidate], slot: str, questions: Sequence[Question]
) -> dict[str, dict[str, Any]]:
    """Algorithm to its paired comparisons with popularity and the champion's algorithm, for all shoppers and for the cold ones.

    p-values are adjusted over the algorithms compared with the same. That of the champion stands beside the figures.
    """
    champion = promotion.champion(slot)
    bases = {"popular": "popular", **({"champion": champion.algorithm} if champion else {})}
    named = {"champion": {"algorithm": champion.algorithm}} if champion else {}
    cold = segments.shoppers(questions)["cold_shoppers"]
    found: dict[str, dict[str, Any]] = {name: {} for name in candidates}
    if not questions:
        return found
    for label, base in bases.items():
        if base not in candidates:
            continue
        values = {name: candidate.verdicts[slot].per_question[METRIC] for name, candidate in candidates.items()}
        mine = values.pop(base)
        for name, told in paired.against(mine, values, seed=SEED).items():
            found[name][label] = told | named.get(label, {})
        if cold.any():
            apart = {name: each[cold] for name, each in values.items()}
            for name, told in paired.against(mine[cold], apart, seed=SEED).items():
                found[name][f"{label}, cold shoppers"] = told | named.get(label, {})
    return found


def compare_with_the_promoted(
    candidates: Mapping[str, Candidate], versions: Versions, questions: Mapping[str, Sequence[Question]]
) -> None:
    """Compare the candidates with the champions that this training made; a champion's own figures stay those against the former."""
    for slot in Slot.values:
        champion = promotion.champion(slot)
        if champion is None or versions.get((champion.algorithm, slot)) != champion:
            continue
        others = [version for (_, of), version in versions.items() if of == slot and version != champion]
        if all(version.compared_with(champion) for version in others):
            continue
        found = compared(candidates, slot, questions[slot])
        for version in others:
            version.comparison = found[version.algorithm]
            version.save(update_fields=["comparison"])


def latency(verdict: Verdict) -> dict[str, Any]:
    """Milliseconds of an answer: the wall's and the processor's."""
    if not len(verdict.seconds):
        return {}
    # Of fewer than a hundred answers the slowest is the 99th percentile.
    p50, p99 = np.quantile(verdict.seconds, [0.5, 0.99], method="higher")
    figures = {"p50_ms": p50, "p99_ms": p99}
    figures["cpu_p99_ms"] = np.quantile(verdict.processor_seconds, 0.99, method="higher")
    return {
        name: {"value": round(1000 * float(value), 3), "n": len(verdict.seconds)} for name, value in figures.items()
    }


def forget_old() -> None:
    """Candidates and retired versions beyond the newest few of each slot and algorithm go, with files that nobody needs.

    Those that an experiment compares stay: one that runs serves them, one that is over says what it compared.
    """
    for slot in Slot.values:
        for name in ModelVersion.objects.filter(slot=slot).values_list("algorithm", flat=True).distinct():
            old = ModelVersion.objects.filter(slot=slot, algorithm=name, shadow_since=None, arms=None)
            old = old.exclude(status=ModelVersion.Status.CHAMPION)
            keep_pks = old.order_by("-trained_at", "-pk").values_list("pk", flat=True)[:KEEP_RETIRED]
            with transaction.atomic():
                # Locked: one that an operator promotes at this moment is no old one any more.
                doomed = old.exclude(pk__in=list(keep_pks)).select_for_update(of=("self",)).order_by("pk")
                files = {version.pk: version.file for version in doomed}
                ModelVersion.objects.filter(pk__in=files).delete()
            still = set(ModelVersion.objects.filter(file__in=files.values()).values_list("file", flat=True))
            for file in set(files.values()) - still:
                storages["models"].delete(file)
