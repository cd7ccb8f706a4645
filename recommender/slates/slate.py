"""What a slate is: ordered products, each with its reason and source; and what explains one, where that was asked for.

Structs of msgspec where every slate makes dozens: each at a tenth of a dataclass's cost.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct


class UnknownSlot(ValueError):
    """No slot of that name.

    Attributes:
        slot: the name; ``known``: names that there are.
    """

    def __init__(self, slot: str, known: Iterable[str] = ()) -> None:
        self.slot, self.known = slot, tuple(known)
        super().__init__(f"no slot {slot!r}: there are {', '.join(self.known)}")


class RanksNothing(ValueError):
    """The slot is of a type that chooses products, and puts none in order.

    Attributes:
        ranking: names of the slots that do.
    """

    def __init__(self, slot: str, ranking: Iterable[str] = ()) -> None:
        self.ranking = tuple(ranking)
        super().__init__(f"slot {slot!r} chooses products and orders no page")


class OnlyRanks(ValueError):
    """The slot is of a type that puts a page's products in order, and chooses none."""


class Reason(Struct, frozen=True):
    """Why a product is shown, language left out: words are made by :func:`recommender.slates.reasons.reason_text`.

    Attributes:
        code: one of ``recommender.slates.reasons.WORDS``.
        params: what the words need; ``because`` holds a product id. Counts are counts from data.
    """

    code: str
    params: dict[str, Any] = {}


class SlateItem(Struct, frozen=True):
    """A product of a slate.

    Attributes:
        score: what it was ranked by, as a share of the candidate ranked first (1, even where a rule removed that one); comparable
            within one slate only, and no probability.
        source: the algorithm that gave most of the score.
        applied: what rules of the slot did to it, where they did something (:mod:`recommender.slots.choosing`).
        probability: with which the slate that shows it was drawn, where an experiment drew it by chance.
        team: the letter of the arm that chose it, in a slate that an experiment drafted from all arms.
    """

    product_id: str
    score: float
    reason: Reason
    source: str
    applied: dict[str, Any] = {}
    probability: float | None = None
    team: str = ""


@dataclass(frozen=True)
class Term:
    """What one source or column gave to a score; ``value`` is what it was made of, where there is such a number."""

    name: str
    amount: float
    value: float | None = None


@dataclass(frozen=True)
class Part:
    """A product and what its place was made of.

    Attributes:
        position: in the slate, from 1; 0: not in it.
        rank: among the candidates of the model, from 1; 0: it is none (what sells best filled up, an operator pinned it, the slot
            has other sources too).
        score: as the slate has it.
        total: what the model ranks by: ``base`` of the explanation and the terms.
        terms: those that gave something, the largest first.
        applied: what rules of the slot did to it.
        stood_back: better candidates than one before it are in its place for variety: its category or brand had its share.
    """

    product_id: str
    position: int
    rank: int
    score: float
    source: str
    reason: Reason | None = None
    total: float | None = None
    terms: tuple[Term, ...] = ()
    applied: Mapping[str, Any] = field(default_factory=dict)
    stood_back: bool = False


@dataclass(frozen=True)
class Explanation:
    """Why a slate is as it is.

    Attributes:
        model: that ranked; empty without one.
        base: of every candidate's total; ``logarithmic``: scores are exponentials of totals.
        parts: the products of the slate, in order.
        ahead: the first candidates that are not in it though no rule removed them.
        candidates: how many the model named.
        removed: rule to the products it took out, in the order they were met.
        personal: it was chosen by what is known of a shopper, not of the visit alone.
    """

    slot: str
    model: str
    parts: tuple[Part, ...]
    base: float = 0.0
    logarithmic: bool = False
    ahead: tuple[Part, ...] = ()
    candidates: int = 0
    removed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    personal: bool = False


class Slate(Struct, frozen=True):
    """The ordered products chosen for one slot at one moment.

    Attributes:
        slot: its name.
        model: champion that served, ``algorithm-version``; the type's name where that has candidates of its own; "popular" without
            either.
        variant: of an experiment; "default" where there is none.
        fallback: more than half of the items are what anybody would be shown, or there are none in a slot that is to be full.
        known: there was something to choose by (a visit, a history, a product in view, a cart). For a newcomer popularity is the
            right answer; for one who is known it is a failure.
        removed: what rules took out: rule name to number of products.
        chosen_from: what the choice was made from, in product ids; logged, so that another model can be asked the same.
        note: what the caller should know of how it was made; empty if there is nothing.
        slot_version: of the slot's settings.
        skipped_pins: pinned products that may not be shown now, each with the rule that forbids it.
        filtered: rule to the products it took out, the first of them; logged, so that the slate can be asked for again.
        explanation: what made it, where that was asked for.
        short: it has fewer products than were asked for, in a slot that is to be full.
        experiment: shares with which its arms were drawn, by letter, and what else the experiment keeps; empty without one.
    """

    slate_id: uuid.UUID
    slot: str
    items: tuple[SlateItem, ...]
    model: str
    variant: str
    fallback: bool
    heading: Reason
    known: bool = True
    removed: dict[str, int] = {}
    chosen_from: dict[str, Any] = {}
    note: str = ""
    slot_version: int = 0
    skipped_pins: dict[str, str] = {}
    filtered: dict[str, list[str]] = {}
    explanation: Explanation | None = None
    experiment: Mapping[str, Any] = {}
    short: bool = False


def is_fallback(items: tuple[SlateItem, ...]) -> bool:
    """Whether more than half of the items are what anybody would be shown.

    What is popular in the category of the product in view is not: another product in view brings others.
    """
    same = sum(item.source == "popular" and item.reason.code != "popular_in_category" for item in items)
    return 2 * same > len(items) or not items
