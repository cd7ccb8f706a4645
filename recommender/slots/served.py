"""A slot as a request needs it: read once when it changes, never written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from recommender.known.product_facts import ProductFacts
from recommender.slates.rules import RULES, Rule, rules_without
from recommender.slots.boosting import Boost
from recommender.slots.filters import Filter
from recommender.slots.pinning import Pin
from recommender.slots.types import TYPES
from recommender.slots.types.base import DEPTH, SlotType

# Candidates asked of a model where a filter lets few products through; more would cost more than they are worth.
DEEPEST = 500
# So many products behind the filter are enough to choose from.
ENOUGH = 40
# A condition on the product in view or on time is taken to let through one product in so many.
NARROW = 4


@dataclass(frozen=True, eq=False)
class ServedSlot:
    """What is wanted of a slot.

    Attributes:
        kind: its type.
        mix: further types and the weights of their scores; the slot's own counts 1.
        filter: what must hold for each product; None: anything goes.
        rotation: 0 (the best first, always) to 1.
        exploration: share of the places for products that were hardly shown; None: that of the shop.
        diversity: "category" and "brand" to the most products of one (0: no limit), "mmr" to the weight of difference.
        fallbacks: types that fill what is missing.
        heading, reason: language ("en", "zh") to words of the operator, where there are any.
        rules: that hold for its products.
    """

    name: str
    kind: SlotType
    active: bool = True
    size: int = 10
    version: int = 1
    mix: tuple[tuple[SlotType, float], ...] = ()
    filter: Filter | None = None
    boosts: tuple[Boost, ...] = ()
    pins: tuple[Pin, ...] = ()
    rotation: float = 0.0
    exploration: float | None = None
    diversity: Mapping[str, float] = field(default_factory=dict)
    fallbacks: tuple[SlotType, ...] = ()
    heading: Mapping[str, str] = field(default_factory=dict)
    reason: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = RULES

    @property
    def task(self) -> str:
        """The task whose champion answers; empty where the type has candidates of its own."""
        return self.kind.task

    @cached_property
    def plain(self) -> bool:
        """Whether candidates keep the order in which they come: then only as many are looked at as are shown."""
        return not (self.boosts or self.rotation or self.diversity.get("mmr"))

    def depth(self, facts: ProductFacts) -> int:
        """Candidates to ask for, so that enough are left behind the filter."""
        if self.filter is None or not len(facts):
            return DEPTH
        wanted = ENOUGH / max(self.filter.share(facts), 1e-3) * (NARROW if self.filter.moves else 1)
        return int(min(max(DEPTH, wanted), DEEPEST))

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> ServedSlot:
        """From what is announced (:func:`recommender.slots.snapshot.record_of`), or a line of the defaults.

        Raises:
            UnknownPlugin: there is no such type here.
            FilterError: a condition cannot be read.
        """
        kind = TYPES.get(record["type"])()
        return cls(
            name=record["name"],
            kind=kind,
            active=record.get("active", True),
            size=record.get("size", 10),
            version=record.get("version", 1),
            mix=tuple((TYPES.get(name)(), float(weight)) for name, weight in record.get("mix", {}).items()),
            filter=Filter(record["filter"]) if record.get("filter") else None,
            boosts=tuple(map(Boost.of, record.get("boosts", ()))),
            pins=tuple(Pin(*pin) for pin in record.get("pins", ())),
            rotation=record.get("rotation", 0.0),
            exploration=record.get("exploration"),
            diversity=record.get("diversity", {}),
            fallbacks=tuple(TYPES.get(name)() for name in record.get("fallbacks", ())),
            heading=_words(record, "heading"),
            reason=_words(record, "reason"),
            rules=rules_without(kind.waives),
        )


def _words(record: Mapping[str, Any], what: str) -> dict[str, str]:
    return {language: words for language in ("en", "zh") if (words := record.get(f"{what}_{language}", ""))}
