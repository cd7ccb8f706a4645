"""Why a product is not in a slate: a rule took it out, no source named it, or others scored higher, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recommender.asking.breakdown import Source
from recommender.explanations.making import asked_of, explain_choice, parts_of
from recommender.explanations.replaying import outside, rule_of
from recommender.known import champions, facts, unwanted
from recommender.known.contexts import known_of
from recommender.slates.rules import Asked as Rules
from recommender.slates.slate import Part, Term
from recommender.slots import snapshot
from recommender.slots.choosing import Choice, choose, of_catalogue
from recommender.slots.following import follow_changes
from recommender.slots.types.base import Ask
from shop import clock
from shop.events.sessions import Session, read_session
from shop.models import Shopper, Visitor

# A shopper's browsers that are looked at for the visit under way.
MOST_VISITORS = 5
DIFFERENCES = 6


class Why(StrEnum):
    """The first thing that kept a product out."""

    SHOWN = "shown"
    OFF = "off"
    NO_PRODUCT = "no_product"
    REMOVED = "removed"
    NO_MODEL = "no_model"
    NEW = "new"
    NO_SOURCE = "no_source"
    CUT = "cut"
    VARIETY = "variety"
    OUTSCORED = "outscored"


@dataclass(frozen=True)
class WhyNot:
    """Why a product is not in a slate.

    Attributes:
        rule: that took it out; where it was outscored or unnamed anyway, the one that would have.
        part: its own score and terms, where the model ranks it; ``position`` where it is shown.
        last: the last product of the slate that the model ranked: what it would have had to pass.
        short: by how much of the total it falls short of ``last``.
        differences: terms that ``last`` has more of (or less: negative), the largest first.
        sources: what each source says of it.
        place, most: its place among all that were named, of which ``most`` are ranked.
    """

    product_id: str
    why: Why
    rule: str = ""
    candidates: int = 0
    part: Part | None = None
    last: Part | None = None
    short: float = 0.0
    differences: tuple[Term, ...] = ()
    sources: tuple[Source, ...] = ()
    place: int = 0
    most: int = 0


def why_not(ask: Ask, choice: Choice, product_id: str) -> WhyNot:
    """Why ``product_id`` is not in what was chosen for ``ask``."""
    if not ask.slot.active:
        return WhyNot(product_id, Why.OFF)
    rule = _rule(ask, choice, product_id)
    explained = explain_choice(ask, choice)
    for part in explained.parts:
        if part.product_id == product_id:
            return WhyNot(product_id, Why.SHOWN, candidates=explained.candidates, part=part)
    if product_id not in ask.facts.row:
        return WhyNot(product_id, Why.NO_PRODUCT)
    asked = asked_of(of_catalogue(ask))
    if asked is None:
        return WhyNot(product_id, Why.REMOVED if rule else Why.NO_MODEL, rule)
    candidacy = asked.candidacy(product_id)
    if candidacy is None:
        return WhyNot(product_id, Why.REMOVED if rule else Why.NEW, rule, explained.candidates)
    sources, limits = tuple(candidacy.sources), (candidacy.place, candidacy.most)
    if product_id not in asked.ids:
        named = candidacy.place > 0 or any(source.place for source in sources)
        why = Why.REMOVED if rule else Why.CUT if named else Why.NO_SOURCE
        return WhyNot(product_id, why, rule, len(asked.ids), None, None, 0.0, (), sources, *limits)
    part = parts_of(asked, [product_id])[product_id]
    ranked = [each for each in explained.parts if each.total is not None]
    last = min(ranked, key=lambda each: each.total or 0.0, default=None)
    short, differences = _short(part, last)
    why = Why.REMOVED if rule else Why.VARIETY if short < 0 else Why.OUTSCORED
    return WhyNot(product_id, why, rule, len(asked.ids), part, last, short, differences, sources, *limits)


def _rule(ask: Ask, choice: Choice, product_id: str) -> str:
    """The rule that took it out; where none was asked of it, the one that would have, by the stock of now."""
    for rule, ids in choice.removed.by_rule.items():
        if product_id in ids:
            return rule
    rule = rule_of(product_id, Rules.of(ask.facts, ask.known, ask.exclude, ask.slot.rules))
    # A filter is asked of candidates only: of others it says here what it would have said.
    return rule or outside(product_id, ask)


def _short(part: Part, last: Part | None) -> tuple[float, tuple[Term, ...]]:
    if last is None or part.total is None or last.total is None:
        return 0.0, ()
    mine = {term.name: term.amount for term in part.terms}
    theirs = {term.name: term.amount for term in last.terms}
    gaps = [Term(name, theirs.get(name, 0.0) - mine.get(name, 0.0)) for name in {**theirs, **mine}]
    gaps.sort(key=lambda term: -abs(term.amount))
    return last.total - part.total, tuple(gaps[:DIFFERENCES])


def ask_now(slot: str, *, shopper_id: str = "", product_id: str = "") -> Ask:
    """What the slot would be asked for a shopper at this moment: their history, and the newest visit of their browsers.

    Raises:
        UnknownSlot: there is no slot of that name.
    """
    follow_changes()
    served = snapshot.get(slot)
    visit = _visit(shopper_id)
    put_away = unwanted.of_person(shopper_id, visit.visitor_id if visit is not None else "")
    declined = bool(shopper_id) and Shopper.objects.filter(pk=shopper_id, personalised=False).exists()
    known = known_of(visit, shopper_id=shopper_id, product_id=product_id, personalised=not declined, unwanted=put_away)
    return Ask(
        served,
        known,
        facts.current(),
        champions.current,
        clock.now_ms(),
        served.size,
        depth=served.depth(facts.current()),
    )


def choice_now(ask: Ask) -> Choice:
    """What the slot shows: nothing where it is switched off."""
    return choose(ask) if ask.slot.active else Choice()


def _visit(shopper_id: str) -> Session | None:
    if not shopper_id:
        return None
    visitors = Visitor.objects.filter(shopper_id=shopper_id).order_by("-linked_at")[:MOST_VISITORS]
    found = [session for visitor in visitors if (session := read_session(visitor.pk)) is not None]
    # Somebody else may be at the browser by now.
    theirs = [session for session in found if session.shopper_id in ("", shopper_id)]
    return max(theirs, key=lambda session: session.last_at_ms, default=None)
