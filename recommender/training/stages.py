"""The steps of a training that are kept: each is done once, whatever ends the process in between.

One algorithm is in memory at a time; what is done lies in files and is mapped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.dataset import Dataset, NotEnoughData
from recommender.evaluation.beyond import Background
from recommender.evaluation.intervals import Estimate
from recommender.evaluation.judging import Verdict, judge
from recommender.evaluation.tasks import Question
from recommender.signals import learning, weights
from recommender.signals.weights import Weights
from recommender.training import settling
from recommender.training.models import Slot
from recommender.training.progress import Progress
from recommender.training.workspace import Workspace, as_columns

SEED = 7

log = structlog.get_logger(__name__)


@dataclass
class Candidate:
    """An algorithm that learned, with what came of it.

    Attributes:
        verdicts: slot to verdict, of the twin that learned from before the test window.
        fit_seconds: of learning from everything.
    """

    name: str
    space: Workspace
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    fit_seconds: float = 0.0

    def algorithm(self) -> Algorithm:
        """Learned from everything; mapped from its file."""
        return self.space.algorithm(f"whole/{self.name}", self.name)


class Stages:
    """Runs steps, or finds them done.

    Attributes:
        failed: algorithm to what went wrong with it.
        left_out: algorithm to what data it lacks.
        seconds: step to how long it took, in whichever run; ``processor_seconds``: of the processor, all threads, what a busy
            machine does not change.
        settings: algorithm to the values that it learns with, as found now or remembered.
    """

    def __init__(self, space: Workspace, progress: Progress, names: Sequence[str]) -> None:
        self.space = space
        self.progress = progress
        self.names = list(names)
        self.failed: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.processor_seconds: dict[str, float] = {}
        self.settings: settling.Settings = {}
        self._given: dict[str, dict[str, Any]] = {}

    @property
    def alive(self) -> list[str]:
        """Algorithms with which nothing went wrong yet."""
        return [name for name in self.names if name not in self.failed and name not in self.left_out]

    def step(self, step: str, line: str, work: Callable[[], Any]) -> None:
        """Do a step without which nothing goes on."""
        if self._found(step):
            return
        self.progress.begin(step, line)
        started = _clocks()
        work()
        self._finish(step, started)

    def _found(self, step: str) -> bool:
        facts = self.space.facts(step)
        if facts is None:
            return False
        self.seconds[step] = facts["seconds"]
        self.processor_seconds[step] = facts.get("processor_seconds", 0.0)
        self.progress.skip(step)
        return True

    def _finish(self, step: str, started: tuple[float, float], **facts: Any) -> None:
        wall, processor = (round(now - then, 2) for now, then in zip(_clocks(), started, strict=True))
        self.seconds[step], self.processor_seconds[step] = wall, processor
        self.space.finish(step, seconds=wall, processor_seconds=processor, **facts)
        self.progress.done(step)

    def _each(self, stage: str, line: str, work: Callable[[str], None]) -> None:
        """Do a step for each algorithm; one that fails is left behind with its reason."""
        for name in self.alive:
            step = f"{stage}/{name}"
            facts = self.space.facts(step)
            if self._found(step):
                self._leave_behind(name, facts or {})
                continue
            started = _clocks()
            problem = self._try(step, name, f"{name}: {line}", work)
            self._finish(step, started, **problem)
            self._leave_behind(name, problem)

    def _try(self, step: str, name: str, line: str, work: Callable[[str], None]) -> dict[str, str]:
        if not self.space.begin(step):
            return {"failed": "it ended the whole training each time it was tried (no memory, or a crash)"}
        self.progress.begin(step, line)
        try:
            work(name)
        except NotEnoughData as error:
            return {"left_out": str(error)}
        except Exception as error:  # whatever an algorithm can raise: the others go on, and the report says it
            log.exception("algorithm_failed", algorithm=name, step=step)
            return {"failed": f"{type(error).__name__}: {error}"[:500]}
        return {}

    def _leave_behind(self, name: str, facts: Mapping[str, Any]) -> None:
        for kind, found in (("failed", self.failed), ("left_out", self.left_out)):
            if kind in facts:
                found[name] = facts[kind]
                self.progress.note(f"{name} is left out: {facts[kind]}")

    def weigh(self, dataset: Dataset, *, search: bool) -> tuple[Weights, dict[str, Any]]:
        """What acts weigh: by the operator, else learnt within ``dataset`` or, within a week, before, else by default.

        Returns:
            What counts, and what was learnt and when.
        """
        known, step = settling.newest_weights(), "weights"
        if settling.is_fresh(known) or not search:
            return weights.used(known), known
        if not self._found(step):
            self.progress.begin(step, "learning what acts weigh")
            started = _clocks()
            self._finish(step, started, learnt=learning.search(dataset, weights.set_by_operator()))
        learnt = (self.space.facts(step) or {}).get("learnt", {})
        return weights.used(learnt), learnt

    def tune(self, dataset: Dataset, known: settling.Settings, *, search: bool) -> None:
        """Search for values within ``dataset``, but for those that are ``known``; a search that fails leaves the usual ones."""
        for name in self.alive:
            made, step = settling.searched_for(name), f"tune/{name}"
            if made is None or (name not in known and not search):
                continue
            if not self._found(step):
                started = _clocks()
                found = known.get(name) or self._search(step, made, dataset)
                self._finish(step, started, settings=found)
            if kept := (self.space.facts(step) or {}).get("settings"):
                self.settings[name] = kept
                self._tell(name, kept)

    def begin_with(self, name: str, params: Mapping[str, Any]) -> None:
        """Let an algorithm learn with these values, whatever else was found for it."""
        self._given[name] = dict(params)

    def _tell(self, name: str, settings: Mapping[str, Any]) -> None:
        values = ", ".join(f"{value} {number:g}" for value, number in settings["params"].items())
        if values:
            self.progress.note(f"{name} learns with what was found on {settings['at'][:10]}: {values}")
        else:
            self.progress.note(f"{name} learns with its usual values: on {settings['at'][:10]} none were better")

    def _search(self, step: str, made: type[Algorithm], dataset: Dataset) -> dict[str, Any]:
        if not self.space.begin(step):
            return {}
        self.progress.begin(step, f"{made.name}: searching for its values")
        try:
            return settling.search(made, dataset)
        except Exception as error:  # whatever an algorithm can raise: it learns with its usual values
            log.exception("search_failed", algorithm=made.name)
            self.progress.note(f"{made.name} learns with its usual values: {type(error).__name__}: {error}")
            return {}

    def learn(self, stage: str, dataset: Dataset, what: str, *, anew: bool = False) -> None:
        """Teach every algorithm from one dataset.

        Args:
            anew: nothing is taken over from the twins that were judged but the values that were found.
        """
        self._each(stage, f"learning {what}", lambda name: self._learn(stage, name, dataset, anew=anew))

    def _learn(self, stage: str, name: str, dataset: Dataset, *, anew: bool) -> None:
        made = ALGORITHMS.get(name)
        judged = self.space.algorithm(f"earlier/{name}", name) if stage == "whole" else None
        members = {part: self.space.algorithm(f"{stage}/{part}", part) for part in made.parts if part in self.alive}
        begin = {**made.params_from(settling.params_of(self.settings)), **self._given.get(name, {})}
        algorithm = made(**(judged.settled() if judged is not None else begin))
        if judged is not None and not anew:
            algorithm.take_over(judged)
        algorithm.fit(dataset, members or None)
        self.space.keep_algorithm(f"{stage}/{name}", algorithm)

    def judge(self, questions: Mapping[str, Sequence[Question]], background: Background) -> None:
        """Ask every algorithm the questions of every slot."""
        self._each("judge", "judging by what happened since", partial(self._judge, questions, background))

    def _judge(self, questions: Mapping[str, Sequence[Question]], background: Background, name: str) -> None:
        algorithm = self.space.algorithm(f"earlier/{name}", name)
        algorithm.warm_up()
        for slot, asked in questions.items():
            self._keep_verdict(f"judge/{name}/{slot}", judge(algorithm, asked, background, seed=SEED))

    def _keep_verdict(self, step: str, verdict: Verdict) -> None:
        found = as_columns(verdict.per_question)
        found |= {"seconds": verdict.seconds, "processor_seconds": verdict.processor_seconds}
        plain = {name: vars(estimate) for name, estimate in verdict.estimates.items()}
        apart = {
            segment: {name: vars(estimate) for name, estimate in each.items()}
            for segment, each in verdict.by_segment.items()
        }
        self.space.keep_arrays(step, found, {"estimates": plain, "by_segment": apart})

    def verdict(self, name: str, slot: str) -> Verdict:
        """What was judged."""
        found, meta = self.space.arrays(f"judge/{name}/{slot}")
        values = {key.partition("/")[2]: array for key, array in found.items() if key.startswith("per_question/")}
        estimates = {key: Estimate(**figure) for key, figure in meta["estimates"].items()}
        apart = {
            segment: {key: Estimate(**figure) for key, figure in each.items()}
            for segment, each in meta["by_segment"].items()
        }
        return Verdict(values, estimates, found["seconds"], found["processor_seconds"], apart)

    def candidates(self) -> dict[str, Candidate]:
        """Everything that learned and was judged."""
        return {
            name: Candidate(
                name,
                self.space,
                {slot: self.verdict(name, slot) for slot in Slot.values},
                self.seconds[f"whole/{name}"],
            )
            for name in self.alive
        }


def _clocks() -> tuple[float, float]:
    """Seconds on the wall and of this process's threads on the processor."""
    return time.perf_counter(), time.process_time()
