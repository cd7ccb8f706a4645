"""A slot as a request needs it: read once when it changes, never written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recommender.serving.rules import RULES, Rule, rules_without
from recommender.slots.types import TYPES
from recommender.slots.types.base import SlotType


@dataclass(frozen=True)
class ServedSlot:
    """What is wanted of a slot.

    Attributes:
        kind: its type.
        diversity: "category" and "brand" to the most products of one (0: no limit), "mmr" to the weight of difference.
        rules: that hold for its products.
        heading, reason: language ("en", "zh") to words of the operator, where there are any.
    """

    name: str
    kind: SlotType
    active: bool = True
    size: int = 10
    version: int = 1
    diversity: Mapping[str, float] = field(default_factory=dict)
    heading: Mapping[str, str] = field(default_factory=dict)
    reason: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = RULES

    @property
    def task(self) -> str:
        """The task whose champion answers; empty where the type has candidates of its own."""
        return self.kind.task

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> ServedSlot:
        """From what is announced (:func:`recommender.slots.snapshot.record_of`), or a line of the defaults.

        Raises:
            UnknownPlugin: there is no such type here.
        """
        kind = TYPES.get(record["type"])()
        return cls(
            name=record["name"],
            kind=kind,
            active=record.get("active", True),
            size=record.get("size", 10),
            version=record.get("version", 1),
            diversity=record.get("diversity", {}),
            heading=_words(record, "heading"),
            reason=_words(record, "reason"),
            rules=rules_without(kind.waives),
        )


def _words(record: Mapping[str, Any], what: str) -> dict[str, str]:
    return {language: words for language in ("en", "zh") if (words := record.get(f"{what}_{language}", ""))}
