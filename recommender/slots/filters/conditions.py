"""Conditions: what a product is compared with, and how conditions are joined and negated."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any as Value
from typing import ClassVar

import numpy as np

from recommender.slots.filters.nodes import SIGNS, Fact, Made, Node, Products, Two


class Comparison(Made):
    """Holds for no product where it needs a product in view and there is none."""

    def of(self, products: Products) -> Value:
        """Compared, unless that cannot be."""
        return False if products.this < 0 and self.needs_view else self.compared(products)

    @property
    def needs_view(self) -> bool:
        """Whether one of the sides is of the product in view."""
        return any(_asks_view(part) for part in self.parts)

    @abstractmethod
    def compared(self, products: Products) -> Value:
        """The answer where everything is there."""


def _asks_view(node: Node) -> bool:
    return getattr(node, "of_view", False) or any(map(_asks_view, node.parts))


@dataclass(frozen=True)
class Compare(Two, Comparison):
    """Two numbers."""

    def compared(self, products: Products) -> Value:
        """By their size."""
        return SIGNS[self.sign](self.left.of(products), self.right.of(products))


@dataclass(frozen=True)
class OfFact(Comparison):
    """What holds of a fact."""

    fact: Fact

    @property
    def parts(self) -> tuple[Node, ...]:
        """The fact."""
        return (self.fact,)


@dataclass(frozen=True)
class OfTwoFacts(OfFact):
    """What holds of a fact and another, or the same of the product in view."""

    other: Fact

    @property
    def parts(self) -> tuple[Node, ...]:
        """Both."""
        return self.fact, self.other


@dataclass(frozen=True)
class Is(OfFact):
    """A fact is this text."""

    value: str

    def compared(self, products: Products) -> Value:
        """By codes."""
        return self.fact.of(products) == products.columns.code(self.fact.name, self.value)


@dataclass(frozen=True)
class Tagged(OfFact):
    """A product has this tag."""

    tag: str

    def compared(self, products: Products) -> Value:
        """One by one: tags are no array."""
        return np.array([self.tag in tags for tags in self.fact.of(products)], np.bool_)


@dataclass(frozen=True)
class Same(OfTwoFacts):
    """Two facts are the same."""

    def compared(self, products: Products) -> Value:
        """By codes of one column."""
        return self.fact.of(products) == self.other.of(products)


@dataclass(frozen=True)
class Below(OfFact):
    """A category is this one, or lies below it."""

    path: str

    def compared(self, products: Products) -> Value:
        """By a table of categories."""
        return products.columns.below(self.path)[self.fact.of(products)]


@dataclass(frozen=True)
class BelowThat(OfTwoFacts):
    """A category is that of the product in view, or lies below it: ``category in this.department``."""

    def compared(self, products: Products) -> Value:
        """By the table of the other's category, where that is one."""
        path = products.columns.paths[int(self.other.of(products))]
        return products.columns.below(path)[self.fact.of(products)]


@dataclass(frozen=True)
class Joined(Made):
    """Conditions joined by one sign; ``join`` is the numpy function of two truths."""

    each: tuple[Node, ...]
    join: ClassVar[np.ufunc]

    @property
    def parts(self) -> tuple[Node, ...]:
        """All of them."""
        return self.each

    def of(self, products: Products) -> Value:
        """Of each product."""
        found = self.parts[0].of(products)
        for part in self.parts[1:]:
            found = self.join(found, part.of(products))
        return found


class All(Joined):
    """Every one holds."""

    join = np.logical_and


class Any(Joined):
    """At least one holds."""

    join = np.logical_or


@dataclass(frozen=True)
class Not(Made):
    """A single comparison does not hold; made by :func:`negated` only."""

    part: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        """The one."""
        return (self.part,)

    def of(self, products: Products) -> Value:
        """Of each product. Where a product in view is needed and there is none, neither the comparison holds nor this."""
        if isinstance(self.part, Comparison) and products.this < 0 and self.part.needs_view:
            return False
        return np.logical_not(self.part.of(products))


def negated(node: Node) -> Node:
    """The condition that holds where ``node`` does not: "not" is moved to the single comparisons."""
    if isinstance(node, Not):
        return node.part
    if isinstance(node, All):
        return Any(tuple(map(negated, node.parts)))
    return All(tuple(map(negated, node.parts))) if isinstance(node, Any) else Not(node)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The conditions that must all hold."""
    return tuple(inner for part in node.parts for inner in conjuncts(part)) if isinstance(node, All) else (node,)
