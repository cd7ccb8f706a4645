"""Parts of a condition over attributes, which products have or not, and whose kind is that of what they are compared with.

A product without the attribute, or with a value of another kind, is equal to nothing and neither above nor below anything: only
``!=`` and ``not`` hold for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any as Value

import numpy as np

from recommender.slots.filters.columns import AttributeColumn
from recommender.slots.filters.conditions import Comparison
from recommender.slots.filters.nodes import Node, Products
from recommender.slots.filters.vocabulary import Kind


@dataclass(frozen=True)
class Attribute(Node):
    """An attribute of each product, or of the one in view, not yet compared with anything."""

    name: str
    of_view: bool = False
    kind = Kind.ATTRIBUTE

    @property
    def fixed(self) -> bool:
        """Not of the product in view."""
        return not self.of_view

    def column(self, products: Products) -> tuple[AttributeColumn, Value]:
        """Where it stands, and which rows are asked."""
        return products.columns.attribute(self.name), products.this if self.of_view else products.rows

    def of(self, products: Products) -> Value:
        """Never asked: those below know the kind.

        Raises:
            TypeError: it was, all the same.
        """
        raise TypeError(f"attributes.{self.name} means nothing without what it is compared with")


@dataclass(frozen=True)
class AttributeNumber(Attribute):
    """It as a number."""

    kind = Kind.NUMBER

    def of(self, products: Products) -> Value:
        """Numbers; none (NaN) where there is none."""
        column, rows = self.column(products)
        return column.number[rows]


@dataclass(frozen=True)
class _OfAttribute(Comparison):
    attribute: Attribute

    @property
    def fixed(self) -> bool:
        """Where the attribute is."""
        return self.attribute.fixed

    @property
    def parts(self) -> tuple[Node, ...]:
        """The attribute."""
        return (self.attribute,)


@dataclass(frozen=True)
class AttributeIs(_OfAttribute):
    """It is this text."""

    value: str

    def compared(self, products: Products) -> Value:
        """By codes."""
        column, rows = self.attribute.column(products)
        return column.text[rows] == column.codes.get(self.value, -2)


@dataclass(frozen=True)
class AttributeHolds(_OfAttribute):
    """It is yes, or no."""

    value: bool = True

    def compared(self, products: Products) -> Value:
        """By truths."""
        column, rows = self.attribute.column(products)
        return column.truth[rows] == int(self.value)


@dataclass(frozen=True)
class AttributeGiven(_OfAttribute):
    """There is one."""

    def compared(self, products: Products) -> Value:
        """Of any kind."""
        column, rows = self.attribute.column(products)
        return column.given(rows)


@dataclass(frozen=True)
class AttributeSame(_OfAttribute):
    """A product has the same as the one in view."""

    other: Attribute

    @property
    def fixed(self) -> bool:
        """Never: one side is of the product in view."""
        return self.attribute.fixed and self.other.fixed

    @property
    def parts(self) -> tuple[Node, ...]:
        """Both."""
        return self.attribute, self.other

    def compared(self, products: Products) -> Value:
        """Kind by kind; two that are not there are not the same."""
        (column, rows), (_, others) = self.attribute.column(products), self.other.column(products)
        found = column.number[rows] == column.number[others]
        for held in (column.text, column.truth):
            one, other = held[rows], held[others]
            found = found | ((one == other) & (np.asarray(one) >= 0))
        return found
