"""A training: read, search for values, learn from before a moment, judge by what came after, learn from everything, keep, promote.

A split in time only. The versions that are kept learned from everything, with the parameters that were judged; their figures are
those of their twins that knew nothing of the test window. Every finished step lies on disk: one that was killed goes on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.blend import PARTS, Blend
from recommender.dataset import Dataset, NotEnoughData
from recommender.dataset.building import read_dataset
from recommender.dataset.interactions import DAY_MS
from recommender.evaluation.beyond import Background
from recommender.evaluation.tasks import Questioner
from recommender.exploration.debiasing import debiased
from recommender.profiles.long_term import learn
from recommender.profiles.states import ShopperStates, learn_states
from recommender.signals import weights
from recommender.training import choosing, keeping, memory, settling
from recommender.training.lock import ENDED, AlreadyTraining, end_the_killed, only_one
from recommender.training.models import ModelVersion, Slot, TrainingRun
from recommender.training.progress import UNHEARD_OF, Progress, Say, say_nothing
from recommender.training.stages import SEED, Stages
from recommender.training.workspace import Workspace
from shop import clock
from shop.models import Shopper

__all__ = ["AlreadyTraining", "names_of", "only_one", "train"]

TEST_DAYS = 14
QUESTIONS = 1_000
COSTLY_SECONDS = 60.0
# What the judged twins know of all, under which they are learned anew in all parts (decision 86).
ANEW_BELOW = 0.9


def train(only: str | None = None, *, say: Say = say_nothing, promote: bool = True, quick: bool = False) -> TrainingRun:
    """Train every algorithm (or ``only`` one), judge, keep and promote; returns the row of the run.

    A training of the same that was broken off goes on with what it had done, and says so. An algorithm that fails is reported in
    ``report["failed"]`` and keeps no other from being trained.

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
        end_the_killed()
        names = names_of(only, quick=quick)
        space = Workspace.open({"algorithms": names, "quick": quick, "only": only})
        run = TrainingRun.objects.create(algorithm=only or "", quick=quick)
        try:
            space.enter(run)
            with memory.bounded(settings.TRAINING_MEMORY_MB):
                run.report = _train(space, Progress(run, say), names, promote=promote, quick=quick)
        except BaseException as error:
            run.status, run.error = TrainingRun.Status.FAILED, _why(error)
            if isinstance(error, NotEnoughData):
                space.close()
            raise
        else:
            run.status, run.progress, run.step = TrainingRun.Status.DONE, 1.0, ""
        finally:
            run.ended_at, run.seconds_left = clock.now(), None
            run.save()
        space.close()
    return run


def _why(error: BaseException) -> str:
    """Why a run failed; somebody who stops its process gives a number at most."""
    return f"{error}" or type(error).__name__ if isinstance(error, Exception) else ENDED


def names_of(only: str | None, *, quick: bool) -> list[str]:
    """What is trained: all that are by default or serve; or one with popularity, the champions, and the parts of a blend.

    Those made of others come last.
    """
    served = set(ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).values_list("algorithm", flat=True))
    if only is None:
        names = [
            name
            for name in ALGORITHMS
            if not _trait(name, "unavailable", str)()
            and not (quick and _trait(name, "costly", False))
            and (name in served or _trait(name, "by_default", True))
        ]
    else:
        wanted = {only, "popular", *served}
        for name in [name for name in wanted if name in ALGORITHMS]:
            wanted.update(_trait(name, "parts", ()))
        if Blend.name in wanted:
            wanted.update(PARTS)
        names = [name for name in ALGORITHMS if name in wanted]
    return sorted(names, key=lambda name: bool(_trait(name, "parts", ())))


def _trait(name: str, trait: str, default: Any) -> Any:
    """What a class says of itself; the default where it cannot be imported, which its own step reports."""
    try:
        return getattr(ALGORITHMS.get(name), trait)
    except ImproperlyConfigured:
        return default


def _train(space: Workspace, progress: Progress, names: list[str], *, promote: bool, quick: bool) -> dict[str, Any]:
    memory.forget_peak()
    remembered = settling.remembered()
    progress.expect(_expected(names, remembered, quick=quick))
    if space.continues is not None:
        progress.note(f"continues training {space.continues}: {len(space.manifest['steps'])} steps are done")
    stages = Stages(space, progress, names)
    stages.step("dataset", "reading orders, events and the catalogue", lambda: _read(space, progress))
    dataset = space.dataset()
    cut = dataset.window[1] - TEST_DAYS * DAY_MS
    weighed, learnt = stages.weigh(dataset.before(cut), search=not quick)
    dataset = debiased(weights.applied(dataset, weighed))
    for line in weights.told(weighed):
        progress.note(line)
    stages.tune(dataset.before(cut), remembered, search=not quick)
    stages.begin_with("popular", weights.for_popular(weighed))
    stages.learn("earlier", dataset.before(cut), f"from before {_date(cut)}")
    _require_some(stages, dataset.before(cut))
    looked_at = any(_trait(name, "reads_states", False) for name in stages.alive)
    before = _states(dataset.before(cut), progress) if looked_at else None
    questioner = Questioner(dataset, cut, seed=SEED, states=before)
    questions = {slot: questioner.ask(slot, QUESTIONS) for slot in Slot.values}
    asked = {slot: len(found) for slot, found in questions.items()}
    progress.note("; ".join(f"{slot}: {count} questions" for slot, count in asked.items()))
    stages.judge(questions, Background.of(questioner.earlier))
    anew = len(dataset.before(cut)) < ANEW_BELOW * len(dataset)
    stages.learn("whole", dataset, "from everything", anew=anew)
    progress.begin("keep", "keeping the models")
    candidates = stages.candidates()
    history, states = learn(dataset, without=_unwilling()), _states(dataset, progress)
    versions = keeping.keep(candidates, history, dataset, progress.run, space, questions, states)
    progress.begin("promote", "comparing with the champions")
    promoted = choosing.promote_best(candidates, versions, asked, progress) if promote else []
    keeping.compare_with_the_promoted(candidates, versions, questions)
    keeping.forget_old()
    return {
        "questions": asked,
        "promoted": promoted,
        "interactions": len(dataset),
        "products": len(dataset.products),
        "settings": stages.settings,
        "weights": {"learnt": learnt, "used": weighed.used, "source": weighed.source},
        "failed": stages.failed,
        "left_out": stages.left_out,
        "seconds": stages.seconds,
        "processor_seconds": stages.processor_seconds,
        "peak_mb": memory.peak_mb(),
        "limit_mb": settings.TRAINING_MEMORY_MB,
        "continues": space.continues,
    }


def _expected(names: list[str], found: settling.Settings, *, quick: bool) -> dict[str, float]:
    """Steps with the seconds that the newest trainings took for each."""
    known: dict[str, float] = {}
    finished = TrainingRun.objects.filter(status=TrainingRun.Status.DONE).order_by("-started_at")
    for report in finished.values_list("report", flat=True)[:5]:
        known = {**report.get("seconds", {}), **known}
    steps = {"dataset": known.get("dataset", UNHEARD_OF)}
    if not quick and not settling.is_fresh(settling.newest_weights()):
        steps["weights"] = known.get("weights", UNHEARD_OF)
    for name in names:
        made = settling.searched_for(name)
        if made is not None and name not in found and not quick:
            steps[f"tune/{name}"] = made.search_seconds
    for stage in ("earlier", "judge", "whole"):
        for name in names:
            usual = COSTLY_SECONDS if _trait(name, "costly", False) and stage != "judge" else UNHEARD_OF
            steps[f"{stage}/{name}"] = known.get(f"{stage}/{name}", usual)
    return {**steps, "keep": 2.0, "promote": 1.0}


def _read(space: Workspace, progress: Progress) -> None:
    dataset = read_dataset(say=progress.note)
    dataset.require(interactions=10, products=1)
    space.keep_dataset(dataset)


def _require_some(stages: Stages, earlier: Dataset) -> None:
    """Raise what is missing where nothing could be learned."""
    if stages.alive:
        return
    if stages.failed:
        raise RuntimeError(f"no algorithm could be trained: {stages.failed}")
    earlier.require(interactions=1)
    missing = "; ".join(stages.left_out.values())
    raise NotEnoughData(
        f"nothing could be learned from what lies before the last {TEST_DAYS} days, which judge: {missing}"
    )


def _date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def _states(dataset: Dataset, progress: Progress) -> ShopperStates | None:
    try:
        return learn_states(dataset, without=_unwilling(), seed=SEED)
    except NotEnoughData as error:
        progress.note(f"shoppers have no states: {error}")
        return None


def _unwilling() -> list[str]:
    """Shoppers whose history must not be used."""
    return list(Shopper.objects.filter(personalised=False).values_list("pk", flat=True))
