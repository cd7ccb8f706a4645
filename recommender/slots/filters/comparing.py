"""Which values may be compared with which, by which sign, and what that means."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from recommender.slots.filters import attributes, conditions, nodes
from recommender.slots.filters.attributes import Attribute
from recommender.slots.filters.errors import FilterError, Source
from recommender.slots.filters.nodes import Node
from recommender.slots.filters.values import Values
from recommender.slots.filters.vocabulary import Kind

# A comparison read from its other side.
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
EQUAL = ("==", "!=")


@dataclass(frozen=True)
class Operand:
    """One side of a comparison, and where it stands."""

    node: Node
    at: ast.expr


class Comparing:
    """Makes conditions of operands, or refuses one of them."""

    def __init__(self, source: Source, values: Values) -> None:
        self.source, self.values = source, values

    def pair(self, sign: str, left: Operand, right: Operand, whole: ast.expr) -> Node:
        """``left sign right``, but for ``in``."""
        one, other = left.node, right.node
        if isinstance(other, Attribute) and not isinstance(one, Attribute):
            return self._attribute(TURNED.get(sign, sign), other, right.at, left)
        if isinstance(one, Attribute):
            return self._attribute(sign, one, left.at, right)
        if one.kind is Kind.NUMBER and other.kind is Kind.NUMBER:
            return conditions.Compare(sign, one, other)
        if isinstance(one, nodes.Text) and isinstance(other, nodes.Fact):
            left, right, one = right, left, other
        if not isinstance(one, nodes.Fact) or one.kind not in (Kind.TEXT, Kind.CATEGORY):
            raise self._unlike(left, right)
        same = self._same(one, right)
        if sign not in EQUAL:
            raise self.source.error(whole, _("Text has no order. Compare it with ==, != or in."))
        return conditions.negated(same) if sign == "!=" else same

    def _same(self, fact: nodes.Fact, other: Operand) -> Node:
        node = other.node
        if isinstance(node, nodes.Text):
            self.values.must_have(fact.name, node.value, other.at)
            return conditions.Is(fact, node.value)
        # Text of each column has codes of its own.
        alike = isinstance(node, nodes.Fact) and node.kind is fact.kind
        if alike and (fact.kind is Kind.CATEGORY or node.name == fact.name):  # type: ignore[attr-defined]
            return conditions.Same(fact, node)  # type: ignore[arg-type]
        raise self._mismatch(fact, other)

    def _unlike(self, left: Operand, right: Operand) -> FilterError:
        one, other = left.node, right.node
        text = other.value if isinstance(other, nodes.Text) else ""
        if one.kind is Kind.NUMBER and re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text):
            said = _("A number stands without quotation marks: %(value)s") % {"value": text.strip()}
            return self.source.error(right.at, said)
        if isinstance(one, nodes.Text) and isinstance(other, nodes.Text):
            return self.source.error(left.at, _('Both sides are text. Name a fact on the left: brand == "…"'))
        return self._mismatch(one, right)

    def _mismatch(self, one: Node, other: Operand) -> FilterError:
        if one.kind in (Kind.TEXT, Kind.CATEGORY) and isinstance(other.at, ast.Constant):
            said = _('Text stands in quotation marks: "%(value)s"')
            return self.source.error(other.at, said % {"value": other.at.value})
        said = _("%(left)s cannot be compared with %(right)s.")
        words = {"left": one.kind.words.capitalize(), "right": other.node.kind.words}
        return self.source.error(other.at, said % words)

    # Attributes -------------------------------------------------------------------------------------------------------

    def _attribute(self, sign: str, one: Attribute, at: ast.expr, right: Operand) -> Node:
        """An attribute on the left, anything on the right: its kind is that of what it is compared with."""
        other, values = right.node, self.values
        if isinstance(other, Attribute):
            if sign not in EQUAL:
                pair = (values.attribute_as(Kind.NUMBER, one, at), values.attribute_as(Kind.NUMBER, other, right.at))
                return conditions.Compare(sign, *pair)
            if one.name != other.name:
                raise self.source.error(right.at, _("Compare it with a value, or with the same attribute of this."))
            found: Node = attributes.AttributeSame(one, other)
        elif other.kind is Kind.NUMBER:
            return conditions.Compare(sign, values.attribute_as(Kind.NUMBER, one, at), other)
        elif sign not in EQUAL:
            raise self.source.error(right.at, _("Text has no order. Compare it with ==, != or in."))
        elif isinstance(other, nodes.Text):
            values.attribute_as(Kind.TEXT, one, at)
            values.must_have_text(one, other.value, right.at)
            found = attributes.AttributeIs(one, other.value)
        elif isinstance(other, nodes.Truth):
            values.attribute_as(Kind.TRUTH, one, at)
            found = attributes.AttributeHolds(one, other.value)
        else:
            raise self._mismatch(one, right)
        return conditions.negated(found) if sign == "!=" else found

    # In ---------------------------------------------------------------------------------------------------------------

    def given(self, name: Operand, *, of_view: bool) -> Node:
        """``"colour" in attributes``."""
        word = name.node.value  # type: ignore[attr-defined]
        self.values.must_have_attribute(word, name.at)
        return attributes.AttributeGiven(Attribute(word, of_view))

    def tagged(self, tag: Operand) -> Node:
        """``"organic" in tags``."""
        word = tag.node.value  # type: ignore[attr-defined]
        self.values.must_have("tags", word, tag.at)
        return conditions.Tagged(nodes.Fact("tags"), word)

    def must_stand_before_in(self, one: Operand) -> None:
        """Refuse what is neither a fact nor an attribute."""
        node = one.node
        fact = isinstance(node, nodes.Fact) and node.kind in (Kind.TEXT, Kind.CATEGORY, Kind.NUMBER)
        if not fact and not isinstance(node, Attribute):
            said = _('Before “in” stands a fact: category in "…", brand in ["…", "…"]')
            raise self.source.error(one.at, said)

    def must_need_no_list(self, one: Operand, right: ast.expr) -> None:
        """Refuse what is looked for in lists only."""
        if isinstance(one.node, Attribute):
            raise self.source.error(right, _('Values stand in a list: attributes.colour in ["red", "blue"]'))
        if one.node.kind is Kind.NUMBER:
            said = _("Numbers are looked for in a list: %(name)s in [1, 2]")
            raise self.source.error(right, said % {"name": one.node.name})  # type: ignore[attr-defined]

    def one_of(self, one: Operand, each: Operand) -> Node:
        """One element of what stands behind ``in``."""
        fact, node = one.node, each.node
        if isinstance(fact, Attribute):
            return self._attribute("==", fact, one.at, each)
        assert isinstance(fact, nodes.Fact)
        if fact.kind is Kind.NUMBER:
            if node.kind is not Kind.NUMBER:
                raise self._mismatch(fact, each)
            return conditions.Compare("==", fact, node)
        if fact.kind is Kind.CATEGORY and isinstance(node, nodes.Text):
            self.values.must_have("category", node.value, each.at)
            return conditions.Below(fact, node.value)
        if fact.kind is Kind.CATEGORY and isinstance(node, nodes.Fact) and node.kind is Kind.CATEGORY:
            if not node.of_view:
                raise self.source.error(each.at, _("Here stands a category in quotation marks, or this.category."))
            return conditions.BelowThat(fact, node)
        return self._same(fact, each)
