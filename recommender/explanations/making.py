"""What a choice was made of: the terms of every product's score, beside what rules did to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recommender.asking.breakdown import Breakdown, Candidacy, Source
from recommender.known.contexts import context_of
from recommender.slates.slate import Explanation, Part, Term
from recommender.slots.choosing import Choice, of_catalogue
from recommender.slots.types.base import Ask
from recommender.slots.types.trained import Trained
from recommender.training.artefacts import Model

Told = tuple[float, tuple[Term, ...]]


class Asked(ABC):
    """What a slot asked for its candidates, and all that it was answered.

    Attributes:
        label: the model that ranked; empty where none did. ``algorithm``: its name.
        ids: candidates, best first; ``scores``: as shares of the best.
        base, logarithmic: see :class:`Explanation`.
    """

    label = ""
    algorithm = ""
    base = 0.0
    logarithmic = False
    ids: Sequence[str]
    scores: Sequence[float]

    @abstractmethod
    def told(self, wanted: Sequence[str]) -> dict[str, Told]:
        """Total and terms of those that are candidates."""

    @abstractmethod
    def candidacy(self, product_id: str) -> Candidacy | None:
        """What sources say of a product; None where the model does not know it."""


class AskedModel(Asked):
    """A slot whose type is the champion of a task: the terms are those of the model's score."""

    def __init__(self, ask: Ask, model: Model) -> None:
        self.model, self.label, self.algorithm = model, model.label, model.algorithm.name
        self.context = context_of(ask.known, ask.slot.task, model, ask.at_ms)
        ranking = model.algorithm.recommend(self.context, model.algorithm.products_)
        best = float(ranking.scores[0]) if len(ranking) and ranking.scores[0] > 0 else 1.0
        self.ids = [model.product_ids[row] for row in ranking.products.tolist()]
        self.scores = [score / best for score in ranking.scores.tolist()]

    def told(self, wanted: Sequence[str]) -> dict[str, Told]:
        """By the algorithm's breakdown."""
        rows = [self.model.row[product_id] for product_id in wanted if product_id in self.model.row]
        found = self.model.algorithm.breakdown(self.context, rows)
        self.base, self.logarithmic = found.base, found.logarithmic
        return _terms(found, self.model)

    def candidacy(self, product_id: str) -> Candidacy | None:
        """By the algorithm."""
        row = self.model.row.get(product_id)
        return None if row is None else self.model.algorithm.candidacy(self.context, row)


class AskedTypes(Asked):
    """A slot that mixes several types, or whose type has candidates of its own: a term a type, its weight times its score."""

    def __init__(self, ask: Ask) -> None:
        kinds = [(ask.slot.kind, 1.0), *ask.slot.mix]
        self.pools = [(kind.name, weight, kind.pool(ask)) for kind, weight in kinds]
        totals: defaultdict[str, float] = defaultdict(float)
        for _, weight, pool in self.pools:
            for product_id, score in zip(pool.ids, pool.scores, strict=True):
                totals[product_id] += weight * score
        mixed = len(self.pools) > 1
        self.ids = sorted(totals, key=totals.__getitem__, reverse=True) if mixed else list(totals)
        best = max(totals[self.ids[0]], 1e-9) if self.ids and mixed else 1.0
        self.scores = [totals[product_id] / best for product_id in self.ids]
        self.algorithm = self.pools[0][0]

    def told(self, wanted: Sequence[str]) -> dict[str, Told]:
        """What each type gave."""
        found = {}
        for product_id in set(wanted).intersection(self.ids):
            terms = [
                Term(name, weight * pool.scores[place], pool.scores[place])
                for name, weight, pool in self.pools
                for place in _places(pool.ids, product_id)
            ]
            terms.sort(key=lambda term: -abs(term.amount))
            found[product_id] = sum(term.amount for term in terms), tuple(terms)
        return found

    def candidacy(self, product_id: str) -> Candidacy | None:
        """The place in each type's own candidates."""
        places = [(name, next(iter(_places(pool.ids, product_id)), -1) + 1) for name, _, pool in self.pools]
        return Candidacy([Source(name, place) for name, place in places])


def _places(ids: Sequence[str], product_id: str) -> list[int]:
    return [ids.index(product_id)] if product_id in ids else []


def asked_of(ask: Ask) -> Asked | None:
    """What a slot's candidates come from; None where there is no model that could be asked."""
    if ask.slot.mix or not isinstance(ask.slot.kind, Trained):
        return AskedTypes(ask)
    model = ask.models(ask.slot.task)
    return None if model is None else AskedModel(ask, model)


def asked_again_by(ask: Ask) -> dict[str, Any]:
    """What the log holds beside what was known, so that the same can be asked again."""
    found: dict[str, Any] = {"k": ask.k, "at_ms": ask.at_ms}
    if ask.slot.rotation:
        found["visit"] = ask.visit
    model = ask.models(ask.slot.task) if ask.slot.task else None
    if model is not None:
        found["fed_ms"] = model.fed_ms
        if model.algorithm.reads_browsing and ask.known.earlier_lines:
            found["earlier"] = ask.known.earlier_lines
    return found


def order_of(given: Sequence[str], *, as_given: bool) -> dict[str, Any]:
    """What the log holds of the order of a page: its products, and whether their own order stood whatever is known."""
    return {"given": list(given), **({"as_given": True} if as_given else {})}


# Candidates named beside those shown.
NEXT = 5


def explain_choice(ask: Ask, choice: Choice) -> Explanation:
    """Explain what :func:`recommender.slots.choosing.as_asked` made of ``ask``."""
    ask = of_catalogue(ask)
    asked, personal = asked_of(ask), bool(ask.known.shopper_id)
    removed = {rule: list(ids) for rule, ids in choice.removed.by_rule.items()}
    shown = [item.product_id for item in choice.items]
    if asked is None:
        parts = [_part(item, place, 0, None) for place, item in enumerate(choice.items, 1)]
        return Explanation(ask.slot.name, "", tuple(parts), removed=removed, personal=personal)
    out = {*shown, *(product_id for taken in removed.values() for product_id in taken)}
    ahead = [product_id for product_id in asked.ids if product_id not in out][:NEXT]
    rank = {product_id: place for place, product_id in enumerate(asked.ids, 1)}
    told = asked.told(shown)
    parts = [
        _part(item, place, rank.get(item.product_id, 0), told.get(item.product_id))
        for place, item in enumerate(choice.items, 1)
    ]
    return Explanation(
        ask.slot.name,
        asked.label,
        stood_back(parts),
        asked.base,
        asked.logarithmic,
        tuple(parts_of(asked, ahead).values()),
        len(asked.ids),
        removed,
        personal,
    )


# What is noted of a product (recommender/slots/choosing.py) that came to its place by something else than its rank.
MOVING = frozenset({"pinned", "factor", "chance", "from", "fills"})


def stood_back(parts: Sequence[Part]) -> tuple[Part, ...]:
    """With a word at those that variety moved behind worse candidates."""
    found, furthest = [], 0
    for part in parts:
        free = part.rank > 0 and not MOVING & part.applied.keys()
        found.append(replace(part, stood_back=free and part.rank < furthest))
        furthest = max(furthest, part.rank if free else 0)
    return tuple(found)


def parts_of(asked: Asked, wanted: Sequence[str]) -> dict[str, Part]:
    """Candidates that are not shown, as parts."""
    told, found = asked.told(wanted), {}
    for product_id in wanted:
        rank = asked.ids.index(product_id) + 1
        total, terms = told[product_id]
        score = asked.scores[rank - 1]
        found[product_id] = Part(product_id, 0, rank, score, asked.algorithm, None, total, terms)
    return found


def _terms(told: Breakdown, model: Model) -> dict[str, Told]:
    """Product id to total and terms."""
    found: dict[str, Told] = {}
    for row, product in enumerate(told.products.tolist()):
        order = np.argsort(-np.abs(told.amounts[row]), kind="stable")
        terms = tuple(
            Term(told.names[at], float(told.amounts[row, at]), _number(told.values[row, at]))
            for at in order.tolist()
            if told.amounts[row, at] != 0.0
        )
        found[model.product_ids[product]] = (float(told.totals[row]), terms)
    return found


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _part(item: Any, position: int, rank: int, told: Told | None) -> Part:
    total, terms = told if told is not None else (None, ())
    return Part(
        item.product_id,
        position,
        rank,
        item.score,
        item.source,
        item.reason,
        total,
        terms,
        getattr(item, "applied", {}),
    )
