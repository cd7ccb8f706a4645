"""From a tree of Python's grammar to typed nodes: what each part means, and whether it is of the kind that is wanted there.

Every kind of node that is not named here is refused.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

from django.utils.translation import gettext as _

from recommender.slots.filters import conditions, nodes
from recommender.slots.filters.attributes import Attribute
from recommender.slots.filters.comparing import Comparing, Operand
from recommender.slots.filters.errors import Source
from recommender.slots.filters.nodes import Node
from recommender.slots.filters.values import Values
from recommender.slots.filters.vocabulary import ATTRIBUTES, FACTS, THIS, TRUTHS, Kind

# Deeper than this nobody writes, and Python's own stack has an end.
DEEPEST = 60
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
SUMS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def condition_of(tree: ast.expr, source: Source, values: Values) -> Node:
    """The condition that a whole tree states.

    Raises:
        FilterError: with the first thing that is wrong.
    """
    return _Meaning(source, values).truth(tree, -1)


class _Meaning:
    def __init__(self, source: Source, values: Values) -> None:
        self.source, self.values, self.comparing = source, values, Comparing(source, values)

    def truth(self, tree: ast.expr, depth: int) -> Node:
        """A part that must be a condition."""
        return self._of(Kind.TRUTH, tree, depth, _("This is %(kind)s, not a condition. Compare it: price < 20"))

    def _number(self, tree: ast.expr, depth: int) -> Node:
        return self._of(Kind.NUMBER, tree, depth, _("This is %(kind)s; only numbers can be reckoned with."))

    def _of(self, kind: Kind, tree: ast.expr, depth: int, message: str) -> Node:
        node = self._node(tree, depth + 1)
        if isinstance(node, Attribute):
            node = self.values.attribute_as(kind, node, tree)
        if node.kind is not kind:
            raise self.source.error(tree, message % {"kind": node.kind.words})
        return node

    def _node(self, tree: ast.expr, depth: int) -> Node:
        """A part of the tree as a typed node."""
        if depth > DEEPEST:
            raise self.source.error(tree, _("It is nested too deeply."))
        if isinstance(tree, ast.BoolOp):
            parts = tuple(self.truth(part, depth) for part in tree.values)
            return conditions.All(parts) if isinstance(tree.op, ast.And) else conditions.Any(parts)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return conditions.negated(self.truth(tree.operand, depth))
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return nodes.Sum("-", nodes.Number(0.0), self._number(tree.operand, depth))
        if isinstance(tree, ast.BinOp) and type(tree.op) in SUMS:
            left, right = (self._number(side, depth) for side in (tree.left, tree.right))
            return nodes.Sum(SUMS[type(tree.op)], left, right)
        if isinstance(tree, ast.Compare):
            return self._compare(tree, depth)
        if isinstance(tree, ast.Constant):
            return self._constant(tree)
        return self._named(tree)

    def _constant(self, tree: ast.Constant) -> Node:
        value = tree.value
        if isinstance(value, bool):
            return nodes.Truth(value)
        if isinstance(value, str):
            return nodes.Text(value)
        if isinstance(value, int | float) and abs(value) < 1e15:
            return nodes.Number(float(value))
        raise self.source.error(tree, _("Values are numbers, or text in quotation marks."))

    # Names ------------------------------------------------------------------------------------------------------------

    def _named(self, tree: ast.expr) -> Node:
        """``price``, ``this.price``, ``this``, ``true``, ``attributes.colour``."""
        if isinstance(tree, ast.Name) and tree.id in TRUTHS:
            return nodes.Truth(TRUTHS[tree.id])
        if (found := self._attribute(tree)) is not None:
            return found
        if isinstance(tree, ast.Name | ast.Attribute):
            return self._fact(tree)
        raise self.source.error(tree, _("This is no part of the filter language."))

    def _fact(self, tree: ast.Name | ast.Attribute) -> Node:
        if isinstance(tree, ast.Name):
            if tree.id == THIS:
                return nodes.InView()
            name, of_view = tree.id, False
        elif isinstance(tree.value, ast.Name) and tree.value.id == THIS:
            name, of_view = tree.attr, True
        else:
            raise self.source.error(tree, _("A dot stands only after “this”, the product in view: this.price"))
        if name not in FACTS:
            raise self.source.error(tree, _no_fact(name))
        if FACTS[name].kind is Kind.TAGS:
            raise self.source.error(tree, _('Tags are asked for so: "organic" in tags'))
        return nodes.Fact(name, of_view=of_view)

    def _attribute(self, tree: ast.expr) -> Attribute | None:
        """``attributes.colour``, ``attributes["net weight"]``, ``this.attributes.colour``; None where it is something else."""
        if not isinstance(tree, ast.Attribute | ast.Subscript) or (of_view := _bag(tree.value)) is None:
            if _bag(tree) is not None:
                raise self.source.error(tree, _('Name one of them: attributes.colour == "red"'))
            return None
        if isinstance(tree, ast.Attribute):
            name = tree.attr
        elif isinstance(tree.slice, ast.Constant) and isinstance(tree.slice.value, str):
            name = tree.slice.value
        else:
            said = _('In the brackets stands a name in quotation marks: attributes["net weight"]')
            raise self.source.error(tree, said)
        self.values.must_have_attribute(name, tree)
        return Attribute(name, of_view)

    # Comparisons ------------------------------------------------------------------------------------------------------

    def _compare(self, tree: ast.Compare, depth: int) -> Node:
        sides = [tree.left, *tree.comparators]
        parts = [
            self._pair(COMPARISONS.get(type(sign), ""), left, right, tree, depth + 1)
            for sign, left, right in zip(tree.ops, sides, sides[1:], strict=False)
        ]
        return parts[0] if len(parts) == 1 else conditions.All(tuple(parts))

    def _pair(self, sign: str, left: ast.expr, right: ast.expr, whole: ast.expr, depth: int) -> Node:
        if not sign:
            raise self.source.error(whole, _("Compare with ==, !=, <, <=, >, >=, in or not in."))
        if sign in ("in", "not in"):
            found = self._within(left, right, depth)
            return conditions.negated(found) if sign == "not in" else found
        return self.comparing.pair(sign, self._operand(left, depth), self._operand(right, depth), whole)

    def _operand(self, tree: ast.expr, depth: int) -> Operand:
        return Operand(self._node(tree, depth), tree)

    def _within(self, left: ast.expr, right: ast.expr, depth: int) -> Node:
        """``"organic" in tags``, ``"colour" in attributes``, ``brand in [..]``, ``category in "food"`` or ``in this.category``."""
        one = self._operand(left, depth)
        if isinstance(one.node, nodes.Text) and (of_view := _bag(right)) is not None:
            return self.comparing.given(one, of_view=of_view)
        if isinstance(one.node, nodes.Text) and isinstance(right, ast.Name) and right.id == "tags":
            return self.comparing.tagged(one)
        self.comparing.must_stand_before_in(one)
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            if not right.elts:
                raise self.source.error(right, _("The list is empty."))
            several: Iterator[Operand] = (self._operand(each, depth) for each in right.elts)
            return conditions.Any(tuple(self.comparing.one_of(one, each) for each in several))
        self.comparing.must_need_no_list(one, right)
        return self.comparing.one_of(one, self._operand(right, depth))


def _no_fact(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), FACTS, 1, cutoff=0.7)
    if near:
        return _("There is no fact of that name. Did you mean “%(near)s”?") % {"near": near[0]}
    return _('There is no fact of that name; there are %(facts)s. Text stands in quotation marks: "%(name)s"') % {
        "facts": ", ".join(FACTS),
        "name": name,
    }


def _bag(tree: ast.expr) -> bool | None:
    """Whether ``tree`` is the attributes of the product in view (True) or of each product (False); None where it is neither."""
    if isinstance(tree, ast.Name) and tree.id == ATTRIBUTES:
        return False
    of_view = isinstance(tree, ast.Attribute) and tree.attr == ATTRIBUTES
    return True if of_view and isinstance(tree.value, ast.Name) and tree.value.id == THIS else None  # type: ignore[attr-defined]
