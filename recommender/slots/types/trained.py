"""Types that ask the champion of a task."""

from __future__ import annotations

from collections.abc import Sequence

from recommender.algorithms.base import Algorithm
from recommender.known.contexts import context_of, is_known
from recommender.slates.proving import heading_of, reason_of
from recommender.slates.slate import Reason, SlateItem
from recommender.slots.types.base import Ask, Names, Pool, SlotType
from recommender.training.artefacts import Model


class Trained(SlotType):
    """What the champion of ``task`` says, in its order and with its reasons."""

    def pool(self, ask: Ask) -> Pool:
        """The champion's candidates; none without one."""
        return champions_pool(self.task, ask)

    def heading(self, ask: Ask, items: Sequence[SlateItem]) -> Reason:
        """By what half of the reasons prove."""
        return heading_of(self.task, ask.known, items)

    def is_known(self, ask: Ask) -> bool:
        """Whether the task has anything to choose by."""
        return is_known(ask.known, self.task, ask.models(self.task))


def part_of(model: Model | None, name: str) -> Algorithm | None:
    """An algorithm of that name: the model's own, or one that it is made of."""
    if model is None or model.algorithm.name == name:
        return model.algorithm if model is not None else None
    return getattr(model.algorithm, "members", {}).get(name)


def champions_pool(task: str, ask: Ask, part: str = "") -> Pool:
    """What the model of ``task`` proposes, or the algorithm ``part`` that it is made of; nothing where there is none."""
    model = ask.models(task)
    algorithm = part_of(model, part or (model.algorithm.name if model is not None else ""))
    if model is None or algorithm is None:
        return Pool()
    context = context_of(ask.known, task, model, ask.at_ms)
    ranking = algorithm.recommend(context, ask.depth)
    rows, scores = ranking.products.tolist(), ranking.scores.tolist()
    names = model.product_ids

    sources = ranking.sources.tolist()

    def why(position: int) -> tuple[Reason, str]:
        part = sources[position] if sources else -1
        source = algorithm.parts[part] if part >= 0 else algorithm.name
        evidence = algorithm.explain(context, rows[position], part)
        return reason_of(evidence, model, ask.known, ask.facts, names[rows[position]]), source

    # Each algorithm counts in a unit of its own.
    best = scores[0] if scores and scores[0] > 0 else 1.0
    return Pool(Names(names, rows), [score / best for score in scores], why)
