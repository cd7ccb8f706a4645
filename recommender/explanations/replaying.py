"""A logged slate explained as it was: the same question to the version that served, held against what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from recommender.explanations.making import explain_choice
from recommender.explanations.then import Then, then_of
from recommender.known import facts
from recommender.known.contexts import Known, known_then
from recommender.slates.models import Slate
from recommender.slates.rules import Asked, Removed, allowed, rules_without
from recommender.slates.slate import Explanation, Part, Reason, SlateItem
from recommender.slots.choosing import NOT_FOR_PINS, OUTSIDE
from recommender.slots.following import follow_changes
from recommender.slots.types.base import Ask

# Scores are logged with so many digits.
DIGITS = 6
# Reasons of products that chance put into a place (recommender/known/newcomers.py, recommender/slots/exploring.py).
DRAWN = frozenset({"new_similar", "seldom_seen"})


@dataclass(frozen=True)
class Replay:
    """A slate as it was.

    Attributes:
        reproduced: the same question gave the same products with the same scores; what only filled up, or was drawn for its place
            because it is new or hardly shown, is left out of account.
        explanation: of the slate that was shown; terms are those of the replay, and only where it was ``reproduced`` or gave the
            product the same score.
        lost: what could not be had any more, by code.
        since: product to the rule that would take it out now and did not then, or ("" for none) the other way round.
        then: the question.
    """

    slate: Slate
    reproduced: bool
    explanation: Explanation
    lost: tuple[str, ...]
    since: Mapping[str, str]
    then: Then


def replay(slate: Slate) -> Replay:
    """Ask again what the slate was asked."""
    follow_changes()
    then = then_of(slate)
    logged = _as_logged(slate)
    since = _changed_since(slate, then.ask)
    if then.ask is None or not then.whole:
        return Replay(slate, False, logged, then.lost, since, then)
    choice = then.choice()
    again = explain_choice(then.ask, choice)
    scores = {item.product_id: round(item.score, DIGITS) for item in choice.items}
    own = [part for part in logged.parts if _of_the_slot(part)]
    found = [item.product_id for item in choice.items if _of_the_slot(item)]
    # Some of those chosen were to spare: a message shows the first of them that can be had.
    elsewhere = len(logged.parts) - len(own) + int(slate.context.get("from", {}).get("spare", 0))
    same = _within([part.product_id for part in own], found, elsewhere)
    near = {part.product_id for part in own if _close(scores.get(part.product_id), part.score)}
    reproduced = same and len(near) == len(own)
    told = {part.product_id: part for part in (*again.parts, *again.ahead)}
    parts = tuple(_merged(part, told.get(part.product_id), part.product_id in near) for part in logged.parts)
    removed = logged.removed or again.removed
    otherwise = "other_order" if slate.variant in ("", "default") else "experiment"
    lost = then.lost if reproduced else (*then.lost, otherwise)
    return Replay(slate, reproduced, replace(again, parts=parts, removed=removed), lost, since, then)


def _of_the_slot(item: Part | SlateItem) -> bool:
    """Neither what sold best at the time and filled up, nor a new or hardly shown product that was drawn for its place."""
    return not ((item.reason is not None and item.reason.code in DRAWN) or item.applied.get("fills"))


def _within(shown: list[str], found: list[str], places: int) -> bool:
    """Whether products were shown in the order found, but for so many whose places went to others."""
    rest = iter(found)
    return all(product_id in rest for product_id in shown) and len(found) - len(shown) <= places


def _close(now: float | None, then: float) -> bool:
    return now is not None and abs(now - then) <= 2 * 10.0**-DIGITS


def _merged(part: Part, again: Part | None, same: bool) -> Part:
    if again is None or not same:
        return part
    return replace(part, rank=again.rank, total=again.total, terms=again.terms, stood_back=again.stood_back)


def _as_logged(slate: Slate) -> Explanation:
    """What the log alone says."""
    parts = tuple(
        Part(
            item["product_id"],
            place,
            0,
            float(item.get("score", 0.0)),
            item.get("source", ""),
            Reason(item["reason"], item.get("params", {})) if item.get("reason") else None,
            applied=item.get("applied", {}),
        )
        for place, item in enumerate(slate.items, 1)
    )
    return Explanation(slate.slot, slate.model, parts, removed=slate.context.get("filtered", {}))


def _changed_since(slate: Slate, ask: Ask | None) -> dict[str, str]:
    """Products that the slot's rules and filter see otherwise now, by facts of the catalogue; all else stays as it was."""
    came_from = slate.context.get("from", {})
    if "given" in came_from:
        # Of what a page shows anyway rules take nothing out.
        return {}
    known: Known = known_then(slate.shopper_id, came_from)
    waived = ask.slot.kind.waives if ask is not None else frozenset()
    then = {product_id: rule for rule, ids in slate.context.get("filtered", {}).items() for product_id in ids}
    pinned = {item["product_id"] for item in slate.items if item.get("applied", {}).get("pinned")}
    found = {}
    for product_id in [*(item["product_id"] for item in slate.items), *then]:
        if ask is None and then.get(product_id) == OUTSIDE:
            # Whose filter it was is not known any more.
            continue
        rules = rules_without(waived | NOT_FOR_PINS if product_id in pinned else waived)
        asked = Asked.of(facts.current(), known, came_from.get("exclude", []), rules)
        now = rule_of(product_id, asked) or (outside(product_id, ask) if ask is not None else "")
        if bool(now) != (product_id in then):
            found[product_id] = now
    return found


def outside(product_id: str, ask: Ask) -> str:
    """The filter's name as a rule where it does not let a product of the catalogue through; empty where it does."""
    held = ask.inside([product_id]) if product_id in ask.facts.row else None
    return OUTSIDE if held is not None and not held[0] else ""


def rule_of(product_id: str, asked: Asked) -> str:
    """The rule that takes a product out; empty for none."""
    removed = Removed()
    allowed(product_id, asked, removed)
    return next(iter(removed.by_rule), "")
