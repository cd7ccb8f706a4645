"""Explanations as JSON: for ``manage.py explain --json`` and the API."""

from __future__ import annotations

from typing import Any

from recommender.explanations.missing import WhyNot
from recommender.explanations.replaying import Replay
from recommender.slates.slate import Explanation, Part


def part_record(part: Part) -> dict[str, Any]:
    """A product and its terms."""
    return {
        "product_id": part.product_id,
        "position": part.position,
        "rank": part.rank,
        "score": part.score,
        "source": part.source,
        "reason": part.reason.code if part.reason is not None else "",
        "params": part.reason.params if part.reason is not None else {},
        "total": part.total,
        "terms": [{"name": term.name, "amount": term.amount, "value": term.value} for term in part.terms],
        "applied": dict(part.applied),
        "stood_back": part.stood_back,
    }


def explanation_record(told: Explanation) -> dict[str, Any]:
    """All of an explanation."""
    return {
        "slot": told.slot,
        "model": told.model,
        "base": told.base,
        "logarithmic": told.logarithmic,
        "candidates": told.candidates,
        "items": [part_record(part) for part in told.parts],
        "ahead": [part_record(part) for part in told.ahead],
        "removed": {rule: list(ids) for rule, ids in told.removed.items()},
    }


def replay_record(replay: Replay) -> dict[str, Any]:
    """A slate as it was."""
    slate = replay.slate
    return {
        "slate_id": str(slate.pk),
        "at": slate.at.isoformat(),
        "shopper_id": slate.shopper_id,
        "visitor_id": slate.visitor_id,
        "reproduced": replay.reproduced,
        "lost": list(replay.lost),
        "since": dict(replay.since),
        **explanation_record(replay.explanation),
    }


def why_not_record(found: WhyNot) -> dict[str, Any]:
    """Why not a product."""
    return {
        "product_id": found.product_id,
        "why": found.why.value,
        "rule": found.rule,
        "candidates": found.candidates,
        "product": part_record(found.part) if found.part is not None else None,
        "last": part_record(found.last) if found.last is not None else None,
        "short": found.short,
        "differences": [{"name": term.name, "amount": term.amount} for term in found.differences],
        "sources": [{"name": each.name, "place": each.place, "most": each.most} for each in found.sources],
        "place": found.place,
        "most": found.most,
    }
