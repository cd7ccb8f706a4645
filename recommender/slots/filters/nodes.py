"""What conditions are made of: values, facts and sums; each evaluates itself for many products at once."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any as Value

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
class Written(Node):
    """A value as written."""

    value: Value
    fixed = True

    def of(self, products: Products) -> Value:
        """Itself."""
        return self.value


@dataclass(frozen=True)
class Number(Written):
    """A number."""

    value: float
    kind = Kind.NUMBER


@dataclass(frozen=True)
class Truth(Written):
    """Yes or no."""

    value: bool
    kind = Kind.TRUTH


@dataclass(frozen=True)
class Text(Written):
    """Text: it takes its meaning from the fact that it is compared with."""

    value: str
    kind = Kind.TEXT

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
class Two(Made):
    """Two numbers and the sign between them."""

    sign: str
    left: Node
    right: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        """Both sides."""
        return self.left, self.right


@dataclass(frozen=True)
class Sum(Two):
    """Two numbers made one."""

    kind = Kind.NUMBER

    def of(self, products: Products) -> Value:
        """By NumPy: what is divided by nothing is no number, and no comparison holds for it."""
        return SIGNS[self.sign](self.left.of(products), self.right.of(products))
