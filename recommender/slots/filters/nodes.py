"""The parts of a condition: each evaluates itself for many products at once."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any as Value
from typing import ClassVar

import numpy as np

from recommender.slots.filters.columns import ALL, Columns, Rows
from recommender.slots.filters.vocabulary import FACTS, Kind

SIGNS: dict[str, Callable[[Value, Value], Value]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.divide,
}


@dataclass(frozen=True)
class Products:
    """For which products a condition is asked.

    Attributes:
        rows: of the facts, or all.
        this: row of the product in view, -1 for none.
        now_ms: ms since the epoch, UTC.
    """

    columns: Columns
    rows: Rows = ALL
    this: int = -1
    now_ms: int = 0


class Node(ABC):
    """A part of a condition. ``fixed``: its answer changes only with the products."""

    kind: Kind = Kind.TRUTH

    @property
    @abstractmethod
    def fixed(self) -> bool: ...

    @property
    def parts(self) -> tuple[Node, ...]:
        """What it is made of."""
        return ()

    @abstractmethod
    def of(self, products: Products) -> Value:
        """Values for the products: an array, or one value for all."""


class Made(Node):
    """A node made of others."""

    @property
    def fixed(self) -> bool:
        """Where all parts are."""
        return all(part.fixed for part in self.parts)


@dataclass(frozen=True)
class Number(Node):
    """A number as written."""

    value: float
    kind = Kind.NUMBER
    fixed = True

    def of(self, products: Products) -> Value:
        """Itself."""
        return self.value


@dataclass(frozen=True)
class Truth(Node):
    """Yes or no as written."""

    value: bool
    kind = Kind.TRUTH
    fixed = True

    def of(self, products: Products) -> Value:
        """Itself."""
        return self.value


@dataclass(frozen=True)
class Text(Node):
    """Text as written: it takes its meaning from the fact that it is compared with."""

    value: str
    kind = Kind.TEXT
    fixed = True

    def of(self, products: Products) -> Value:
        """Never asked: :class:`Is` and :class:`Below` know the column.

        Raises:
            TypeError: it was, all the same.
        """
        raise TypeError(f"{self.value!r} means nothing without the fact that it is compared with")


@dataclass(frozen=True)
class Fact(Node):
    """A fact of each product, or the same fact of the product in view."""

    name: str
    of_view: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", FACTS[self.name].kind)

    @property
    def fixed(self) -> bool:
        """Neither of the product in view nor moving with time."""
        return not self.of_view and not FACTS[self.name].moves

    def of(self, products: Products) -> Value:
        """Values of the rows, or the one of the product in view."""
        rows = products.this if self.of_view else products.rows
        return FACTS[self.name].read(products.columns, rows, products.now_ms)


@dataclass(frozen=True)
class InView(Node):
    """There is a product in view."""

    fixed = False

    def of(self, products: Products) -> Value:
        """One answer for all."""
        return products.this >= 0


@dataclass(frozen=True)
class Sum(Made):
    """Two numbers made one."""

    sign: str
    left: Node
    right: Node
    kind = Kind.NUMBER

    @property
    def parts(self) -> tuple[Node, ...]:
        """Both sides."""
        return self.left, self.right

    def of(self, products: Products) -> Value:
        """By NumPy: what is divided by nothing is no number, and no comparison holds for it."""
        return SIGNS[self.sign](self.left.of(products), self.right.of(products))


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


def asks_view(node: Node) -> bool:
    """Whether a condition looks at the product in view."""
    return isinstance(node, InView) or _asks_view(node) or any(map(asks_view, node.parts))


@dataclass(frozen=True)
class Compare(Comparison):
    """Two numbers."""

    sign: str
    left: Node
    right: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        """Both sides."""
        return self.left, self.right

    def compared(self, products: Products) -> Value:
        """By their size."""
        return SIGNS[self.sign](self.left.of(products), self.right.of(products))


@dataclass(frozen=True)
class Is(Comparison):
    """A fact is this text."""

    fact: Fact
    value: str

    @property
    def parts(self) -> tuple[Node, ...]:
        """The fact."""
        return (self.fact,)

    def compared(self, products: Products) -> Value:
        """By codes."""
        return self.fact.of(products) == products.columns.code(self.fact.name, self.value)


@dataclass(frozen=True)
class Tagged(Comparison):
    """A product has this tag."""

    fact: Fact
    tag: str

    @property
    def parts(self) -> tuple[Node, ...]:
        """The fact."""
        return (self.fact,)

    def compared(self, products: Products) -> Value:
        """One by one: tags are no array."""
        return np.array([self.tag in tags for tags in self.fact.of(products)], np.bool_)


@dataclass(frozen=True)
class Same(Comparison):
    """Two facts are the same."""

    fact: Fact
    other: Fact

    @property
    def parts(self) -> tuple[Node, ...]:
        """Both."""
        return self.fact, self.other

    def compared(self, products: Products) -> Value:
        """By codes of one column."""
        return self.fact.of(products) == self.other.of(products)


@dataclass(frozen=True)
class Below(Comparison):
    """A category is this one, or lies below it."""

    fact: Fact
    path: str

    @property
    def parts(self) -> tuple[Node, ...]:
        """The fact."""
        return (self.fact,)

    def compared(self, products: Products) -> Value:
        """By a table of categories."""
        return products.columns.below(self.path)[self.fact.of(products)]


@dataclass(frozen=True)
class BelowThat(Comparison):
    """A category is that of the product in view, or lies below it: ``category in this.department``."""

    fact: Fact
    other: Fact

    @property
    def parts(self) -> tuple[Node, ...]:
        """Both."""
        return self.fact, self.other

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
