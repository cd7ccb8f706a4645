"""Rules: what may not be shown, each a function that says for a product whether it goes.

A rule is asked of the candidates in their order, so a slate stays full as long as there are candidates. What each removed is
counted and logged with the slate.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from msgspec import Struct

from recommender.known.contexts import Known
from recommender.known.product_facts import ProductFacts

Rule = Callable[[str, "Asked"], bool]


@dataclass
class Removed:
    """What rules took out: rule to products, in the order they were met."""

    by_rule: dict[str, list[str]] = field(default_factory=dict)

    def note(self, rule: str, product_id: str) -> None:
        """Count one."""
        self.by_rule.setdefault(rule, []).append(product_id)

    def first(self, most: int = 200) -> dict[str, list[str]]:
        """Rule to the first products it took out: as many as a log may hold."""
        return {rule: ids[:most] for rule, ids in self.by_rule.items()}

    def counts(self) -> dict[str, int]:
        """Rule to how many."""
        return {rule: len(ids) for rule, ids in self.by_rule.items()}


class Asked(Struct, frozen=True):
    """What rules look at.

    Attributes:
        rules: those that hold, in their order.
        kept_out: what is in view, excluded, not wanted, in the cart, bought or seen, all in one.
        others: rules that are asked of a product too that can be bought and is none of these.
    """

    facts: ProductFacts
    known: Known
    excluded: frozenset[str]
    in_cart: frozenset[str]
    bought: frozenset[str]
    seen: frozenset[str]
    rules: tuple[Rule, ...]
    kept_out: frozenset[str]
    others: tuple[Rule, ...]

    @classmethod
    def of(
        cls, facts: ProductFacts, known: Known, exclude: Iterable[str], rules: tuple[Rule, ...] | None = None
    ) -> Asked:
        """From what a request knows; by all rules, or those given."""
        out, cart, bought, seen = map(frozenset, (exclude, known.in_cart, known.bought, known.seen))
        asked = RULES if rules is None else rules
        kept_out = out.union(known.unwanted, cart, bought, seen, (known.product_id,))
        return cls(facts, known, out, cart, bought, seen, asked, kept_out, _others(asked))


def not_in_catalogue(product_id: str, asked: Asked) -> bool:
    """The model knows a product that is gone."""
    return not asked.facts.has(product_id)


def inactive(product_id: str, asked: Asked) -> bool:
    """Taken off the shelf."""
    return not asked.facts.active[asked.facts.row[product_id]]


def out_of_stock(product_id: str, asked: Asked) -> bool:
    """Cannot be bought now."""
    return bool(asked.facts.stock[asked.facts.row[product_id]] <= 0)


def in_view(product_id: str, asked: Asked) -> bool:
    """Is what the page is about."""
    return product_id == asked.known.product_id


def excluded(product_id: str, asked: Asked) -> bool:
    """The caller shows it already."""
    return product_id in asked.excluded


def not_wanted(product_id: str, asked: Asked) -> bool:
    """Dismissed, hidden or sent back by whoever looks (:mod:`shop.opinions`)."""
    return product_id in asked.known.unwanted


def in_cart(product_id: str, asked: Asked) -> bool:
    """Lies in the cart."""
    return product_id in asked.in_cart


def just_bought(product_id: str, asked: Asked) -> bool:
    """Bought within the days that a session reaches back."""
    return product_id in asked.bought


def seen_in_visit(product_id: str, asked: Asked) -> bool:
    """Looked at in this visit: it stands under "recently viewed"."""
    return product_id in asked.seen


RULES: tuple[Rule, ...] = (
    not_in_catalogue,
    inactive,
    out_of_stock,
    in_view,
    excluded,
    not_wanted,
    in_cart,
    just_bought,
    seen_in_visit,
)
# They look at what a slate is logged with, and at nothing that changes later.
BY_WHAT_WAS_KNOWN = frozenset({in_view, excluded, not_wanted, in_cart, just_bought, seen_in_visit})


# None of them removes what can be bought and is not kept out: that takes two look-ups, and is true of most candidates.
PLAIN = frozenset(RULES)


@lru_cache(maxsize=64)
def _others(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule not in PLAIN)


def refusing_rule(product_id: str, asked: Asked) -> str:
    """Name of the first rule that removes it, or empty."""
    return next((rule.__name__ for rule in asked.rules if rule(product_id, asked)), "")


def allowed(product_id: str, asked: Asked, removed: Removed) -> bool:
    """Whether no rule removes it; the first that does is noted."""
    plainly = product_id not in asked.kept_out and asked.facts.can_be_bought(product_id)
    if plainly and not asked.others:
        return True
    for rule in asked.others if plainly else asked.rules:
        if rule(product_id, asked):
            removed.note(rule.__name__, product_id)
            return False
    return True


def rules_without(waived: Collection[str]) -> tuple[Rule, ...]:
    """All rules but those named."""
    return tuple(rule for rule in RULES if rule.__name__ not in waived)
