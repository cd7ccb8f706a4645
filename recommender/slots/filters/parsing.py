"""Reads an expression into a tree of typed nodes, and says what is wrong, where, and what helps.

The grammar is a part of Python's own, read by :mod:`ast`: nothing of it is ever executed, and every kind of node that is not named
here is refused.
"""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommender.slots.filters import attributes, nodes
from recommender.slots.filters.attributes import Attribute
from recommender.slots.filters.columns import AttributeValues
from recommender.slots.filters.nodes import Node
from recommender.slots.filters.vocabulary import ATTRIBUTES, FACTS, THIS, TRUTHS, Kind

LONGEST = 2_000
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
# Names that a message lists.
MOST_NAMES = 12
# How an attribute of each kind is compared.
EXAMPLES = {"text": '== "…"', "number": "< 5", "truth": "== true"}
HOLDS = {"text": gettext_lazy("texts"), "number": gettext_lazy("numbers"), "truth": gettext_lazy("yes or no")}
KINDS_OF_ATTRIBUTES = {"text": Kind.TEXT, "number": Kind.NUMBER, "truth": Kind.TRUTH}
SUMS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
# A comparison read from its other side.
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_STRINGS = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_SIGNS = {"&": "and", "|": "or", "!": "not", "AND": "and", "OR": "or", "NOT": "not"}


@dataclass(eq=False)
class FilterError(ValueError):
    """An expression that is not one.

    Attributes:
        start, end: what is wrong, as positions in the text.
        excerpt: that part of it.
        message: what is wrong with it, and what helps, in the active language.
    """

    start: int
    end: int
    excerpt: str
    message: str

    def __str__(self) -> str:
        if not self.excerpt:
            return self.message
        return _("At character %(place)d, “%(excerpt)s”: %(message)s") % {
            "place": self.start + 1,
            "excerpt": self.excerpt,
            "message": self.message,
        }


def parse(text: str, known: Mapping[str, Collection[str]] | None = None) -> Node:
    """The condition that ``text`` states.

    Args:
        known: fact ("category", "brand") to the values that there are: others are refused; under "attributes" names to
            :class:`~recommender.slots.filters.columns.AttributeValues`. None: everything may be.

    Raises:
        FilterError: with the first thing that is wrong.
    """
    if len(text) > LONGEST:
        raise FilterError(LONGEST, len(text), "", _("It is longer than %(most)d characters.") % {"most": LONGEST})
    if not text.strip():
        raise FilterError(0, 0, "", _("There is nothing in it. Write a condition, such as: price < 20"))
    reader = _Reader(text, known or {})
    node = reader.read()
    if isinstance(node, Attribute):
        node = reader.attribute_as(Kind.TRUTH, node, reader.tree)
    if node.kind is not Kind.TRUTH:
        raise reader.error(reader.tree, _("This is %(kind)s, not a condition. Compare it: price < 20") % _kind(node))
    return node


def _kind(node: Node) -> dict[str, str]:
    return {"kind": node.kind.words}


class _Reader:
    def __init__(self, text: str, known: Mapping[str, Collection[str]]) -> None:
        self.known = known
        # Lines may be broken anywhere.
        self.text = re.sub(r"[\n\r\t\f\v]", " ", text)
        self.lead = len(self.text) - len(self.text.lstrip())
        self.source = self.text.strip()
        self.tree: ast.expr = ast.Constant(True)

    def read(self) -> Node:
        if "\x00" in self.source:
            raise self.wrong(self.source.index("\x00"), 1, _("There is a NUL character."))
        bare = _STRINGS.sub(lambda found: "_" * len(found[0]), self.source)
        for sign in re.finditer(r"[#;{}`$@%^~]|&&?|\|\|?|!(?!=)|\b(?:AND|OR|NOT)\b", bare):
            word = _SIGNS.get(sign[0][:3] if sign[0].isalpha() else sign[0][0])
            message = _("This sign means nothing here.") if word is None else _("Write “%(word)s”.") % {"word": word}
            raise self.wrong(sign.start(), len(sign[0]), message)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.tree = ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            raise self._syntax(error, bare) from None
        except (RecursionError, MemoryError, ValueError, OverflowError):
            raise FilterError(
                0, len(self.text), "", _("It is nested too deeply, or holds a number out of range.")
            ) from None
        return self.node(self.tree, 0)

    def _syntax(self, error: SyntaxError, bare: str) -> FilterError:
        place = min(max((error.offset or 1) - 1, 0), max(len(self.source) - 1, 0))
        single = re.search(r"(?<![=!<>])=(?!=)", bare)
        if single:
            return self.wrong(single.start(), 1, _("Compare with two signs: =="))
        if bare.count("(") != bare.count(")") or bare.count("[") != bare.count("]"):
            return self.wrong(place, 1, _("A bracket is not closed, or closed twice."))
        if '"' in bare or "'" in bare:
            quote = min(at for at in (bare.find('"'), bare.find("'")) if at >= 0)
            return self.wrong(quote, 1, _("The quotation mark is not closed."))
        return self.wrong(
            place, 1, _('It cannot be read from here on. Conditions look like: price < 20 and brand == "Nido"')
        )

    def wrong(self, start: int, length: int, message: str) -> FilterError:
        excerpt = self.source[start : start + length]
        return FilterError(start + self.lead, start + self.lead + length, excerpt, message)

    def error(self, tree: ast.expr, message: str) -> FilterError:
        """What is wrong with a part of the tree."""
        octets = self.source.encode()
        start = len(octets[: tree.col_offset].decode(errors="ignore"))
        end = len(octets[: tree.end_col_offset].decode(errors="ignore"))
        return self.wrong(start, end - start, message)

    # Nodes ------------------------------------------------------------------------------------------------------------

    def node(self, tree: ast.expr, depth: int) -> Node:
        """A part of the tree as a typed node."""
        if depth > DEEPEST:
            raise self.error(tree, _("It is nested too deeply."))
        if isinstance(tree, ast.BoolOp):
            parts = tuple(self._truth(part, depth) for part in tree.values)
            return nodes.All(parts) if isinstance(tree.op, ast.And) else nodes.Any(parts)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return nodes.negated(self._truth(tree.operand, depth))
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return nodes.Sum("-", nodes.Number(0.0), self._number(tree.operand, depth))
        if isinstance(tree, ast.BinOp) and type(tree.op) in SUMS:
            left, right = (self._number(side, depth) for side in (tree.left, tree.right))
            return nodes.Sum(SUMS[type(tree.op)], left, right)
        if isinstance(tree, ast.Compare):
            return self._compare(tree, depth)
        if isinstance(tree, ast.Constant):
            return self._constant(tree)
        if isinstance(tree, ast.Name) and tree.id in TRUTHS:
            return nodes.Truth(TRUTHS[tree.id])
        if (found := self._attribute(tree)) is not None:
            return found
        if isinstance(tree, ast.Name | ast.Attribute):
            return self._fact(tree)
        raise self.error(tree, _("This is no part of the filter language."))

    def _truth(self, tree: ast.expr, depth: int) -> Node:
        return self._of(Kind.TRUTH, tree, depth, _("This is %(kind)s, not a condition. Compare it: price < 20"))

    def _number(self, tree: ast.expr, depth: int) -> Node:
        return self._of(Kind.NUMBER, tree, depth, _("This is %(kind)s; only numbers can be reckoned with."))

    def _of(self, kind: Kind, tree: ast.expr, depth: int, message: str) -> Node:
        node = self.node(tree, depth + 1)
        if isinstance(node, Attribute):
            node = self.attribute_as(kind, node, tree)
        if node.kind is not kind:
            raise self.error(tree, message % _kind(node))
        return node

    # Attributes -------------------------------------------------------------------------------------------------------

    def _attribute(self, tree: ast.expr) -> Attribute | None:
        """``attributes.colour``, ``attributes["net weight"]``, ``this.attributes.colour``; None where it is something else."""
        if not isinstance(tree, ast.Attribute | ast.Subscript) or (of_view := _bag(tree.value)) is None:
            if _bag(tree) is not None:
                raise self.error(tree, _('Name one of them: attributes.colour == "red"'))
            return None
        if isinstance(tree, ast.Attribute):
            name = tree.attr
        elif isinstance(tree.slice, ast.Constant) and isinstance(tree.slice.value, str):
            name = tree.slice.value
        else:
            raise self.error(tree, _('In the brackets stands a name in quotation marks: attributes["net weight"]'))
        self._must_be_an_attribute(name, tree)
        return Attribute(name, of_view)

    def _must_be_an_attribute(self, name: str, at: ast.expr) -> None:
        held = self.known.get(ATTRIBUTES)
        if held is None or name in held:
            return
        if not held:
            raise self.error(at, _("No product has attributes yet: they come with the products, by import or API."))
        if near := list(_near(name, held)):
            said = _("No product has an attribute of that name. Did you mean %(near)s?")
            raise self.error(at, said % {"near": ", ".join(f"“{each}”" for each in near)})
        said = _("No product has an attribute of that name; there are %(names)s.")
        names = [*list(held)[:MOST_NAMES], *(["…"] if len(held) > MOST_NAMES else [])]
        raise self.error(at, said % {"names": ", ".join(names)})

    def attribute_as(self, kind: Kind, node: Attribute, at: ast.expr) -> Node:
        """An attribute as what it is compared with; refused where no product has one of that kind."""
        held = self._values(node.name)
        kinds = {KINDS_OF_ATTRIBUTES[each] for each in held.kinds} if held is not None else {kind}
        if kind in (Kind.NUMBER, Kind.TRUTH, Kind.TEXT) and kinds and kind not in kinds:
            first = sorted(held.kinds)[0] if held is not None else "text"
            said = _("“%(name)s” holds %(kind)s: write %(written)s %(example)s")
            written = f"attributes.{node.name}" if node.name.isidentifier() else f'attributes["{node.name}"]'
            values = {"name": node.name, "kind": HOLDS[first], "written": written, "example": EXAMPLES[first]}
            raise self.error(at, said % values)
        if kind is Kind.NUMBER:
            return attributes.AttributeNumber(node.name, node.of_view)
        return attributes.AttributeHolds(node) if kind is Kind.TRUTH else node

    def _values(self, name: str) -> AttributeValues | None:
        held = self.known.get(ATTRIBUTES)
        found = held.get(name) if isinstance(held, Mapping) else None
        return found if isinstance(found, AttributeValues) else None

    def _attribute_pair(self, sign: str, one: Attribute, other: Node, left: ast.expr, right: ast.expr) -> Node:
        """An attribute on the left, anything on the right."""
        if isinstance(other, Attribute):
            if sign not in ("==", "!="):
                pair = (self.attribute_as(Kind.NUMBER, one, left), self.attribute_as(Kind.NUMBER, other, right))
                return nodes.Compare(sign, *pair)
            if one.name != other.name:
                raise self.error(right, _("Compare it with a value, or with the same attribute of this."))
            found: Node = attributes.AttributeSame(one, other)
        elif other.kind is Kind.NUMBER:
            return nodes.Compare(sign, self.attribute_as(Kind.NUMBER, one, left), other)
        elif sign not in ("==", "!="):
            raise self.error(right, _("Text has no order. Compare it with ==, != or in."))
        elif isinstance(other, nodes.Text):
            self.attribute_as(Kind.TEXT, one, left)
            held = self._values(one.name)
            if held is not None and other.value not in held.texts:
                raise self.error(right, self._unknown(_("No product has this value. "), other.value, held.texts))
            found = attributes.AttributeIs(one, other.value)
        elif isinstance(other, nodes.Truth):
            self.attribute_as(Kind.TRUTH, one, left)
            found = attributes.AttributeHolds(one, other.value)
        else:
            raise self.error(right, self._mismatch(one, other))
        return nodes.negated(found) if sign == "!=" else found

    def _constant(self, tree: ast.Constant) -> Node:
        value = tree.value
        if isinstance(value, bool):
            return nodes.Truth(value)
        if isinstance(value, str):
            return nodes.Text(value)
        if isinstance(value, int | float) and abs(value) < 1e15:
            return nodes.Number(float(value))
        raise self.error(tree, _("Values are numbers, or text in quotation marks."))

    def _fact(self, tree: ast.Name | ast.Attribute) -> Node:
        if isinstance(tree, ast.Name):
            if tree.id == THIS:
                return nodes.InView()
            name, of_view = tree.id, False
        elif isinstance(tree.value, ast.Name) and tree.value.id == THIS:
            name, of_view = tree.attr, True
        else:
            raise self.error(tree, _("A dot stands only after “this”, the product in view: this.price"))
        if name not in FACTS:
            raise self.error(tree, self._no_fact(name))
        if FACTS[name].kind is Kind.TAGS:
            raise self.error(tree, _('Tags are asked for so: "organic" in tags'))
        return nodes.Fact(name, of_view=of_view)

    def _no_fact(self, name: str) -> str:
        near = difflib.get_close_matches(name.lower(), FACTS, 1, cutoff=0.7)
        if near:
            return _("There is no fact of that name. Did you mean “%(near)s”?") % {"near": near[0]}
        return _('There is no fact of that name; there are %(facts)s. Text stands in quotation marks: "%(name)s"') % {
            "facts": ", ".join(FACTS),
            "name": name,
        }

    # Comparisons ------------------------------------------------------------------------------------------------------

    def _compare(self, tree: ast.Compare, depth: int) -> Node:
        sides = [tree.left, *tree.comparators]
        parts = [
            self._pair(COMPARISONS.get(type(sign), ""), left, right, tree, depth)
            for sign, left, right in zip(tree.ops, sides, sides[1:], strict=False)
        ]
        return parts[0] if len(parts) == 1 else nodes.All(tuple(parts))

    def _pair(self, sign: str, left: ast.expr, right: ast.expr, whole: ast.expr, depth: int) -> Node:
        if not sign:
            raise self.error(whole, _("Compare with ==, !=, <, <=, >, >=, in or not in."))
        if sign in ("in", "not in"):
            found = self._within(left, right, depth)
            return nodes.negated(found) if sign == "not in" else found
        one, other = self.node(left, depth + 1), self.node(right, depth + 1)
        if isinstance(other, Attribute) and not isinstance(one, Attribute):
            one, other, left, right, sign = other, one, right, left, TURNED.get(sign, sign)
        if isinstance(one, Attribute):
            return self._attribute_pair(sign, one, other, left, right)
        if one.kind is Kind.NUMBER and other.kind is Kind.NUMBER:
            return nodes.Compare(sign, one, other)
        if isinstance(one, nodes.Text) and isinstance(other, nodes.Fact):
            one, other, left, right = other, one, right, left
        if not isinstance(one, nodes.Fact) or one.kind not in (Kind.TEXT, Kind.CATEGORY):
            raise self._unlike(one, other, left, right)
        same = self._same(one, other, right, self.error(right, self._mismatch(one, other)))
        if sign not in ("==", "!="):
            raise self.error(whole, _("Text has no order. Compare it with ==, != or in."))
        return nodes.negated(same) if sign == "!=" else same

    def _same(self, fact: nodes.Fact, other: Node, at: ast.expr, otherwise: FilterError) -> Node:
        if isinstance(other, nodes.Text):
            self._must_be_known(fact.name, other.value, at)
            return nodes.Is(fact, other.value)
        alike = isinstance(other, nodes.Fact) and other.kind is fact.kind
        if alike and (fact.kind is Kind.CATEGORY or other.name == fact.name):  # type: ignore[attr-defined]
            return nodes.Same(fact, other)  # type: ignore[arg-type]
        raise otherwise

    def _unlike(self, one: Node, other: Node, left: ast.expr, right: ast.expr) -> FilterError:
        if (
            isinstance(other, nodes.Text)
            and one.kind is Kind.NUMBER
            and re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", other.value)
        ):
            return self.error(
                right, _("A number stands without quotation marks: %(value)s") % {"value": other.value.strip()}
            )
        if isinstance(one, nodes.Text) and isinstance(other, nodes.Text):
            return self.error(left, _('Both sides are text. Name a fact on the left: brand == "…"'))
        return self.error(right, self._mismatch(one, other))

    def _mismatch(self, one: Node, other: Node) -> str:
        return _("%(left)s cannot be compared with %(right)s.") % {
            "left": one.kind.words.capitalize(),
            "right": other.kind.words,
        }

    def _within(self, left: ast.expr, right: ast.expr, depth: int) -> Node:
        """``fact in "category"``, ``fact in [..]``, ``fact in this.category``."""
        one = self.node(left, depth + 1)
        if isinstance(one, nodes.Text) and (of_view := _bag(right)) is not None:
            self._must_be_an_attribute(one.value, left)
            return attributes.AttributeGiven(Attribute(one.value, of_view))
        if isinstance(one, Attribute):
            return self._among(one, left, right, depth)
        if isinstance(right, ast.Name) and right.id == "tags" and isinstance(one, nodes.Text):
            self._must_be_known("tags", one.value, left)
            return nodes.Tagged(nodes.Fact("tags"), one.value)
        if not isinstance(one, nodes.Fact) or one.kind not in (Kind.TEXT, Kind.CATEGORY, Kind.NUMBER):
            raise self.error(left, _('Before “in” stands a fact: category in "…", brand in ["…", "…"]'))
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            if not right.elts:
                raise self.error(right, _("The list is empty."))
            return nodes.Any(tuple(self._one_of(one, each, depth) for each in right.elts))
        if one.kind is Kind.NUMBER:
            raise self.error(right, _("Numbers are looked for in a list: %(name)s in [1, 2]") % {"name": one.name})
        return self._one_of(one, right, depth)

    def _among(self, one: Attribute, left: ast.expr, right: ast.expr, depth: int) -> Node:
        """An attribute in a list."""
        if not isinstance(right, ast.List | ast.Tuple | ast.Set):
            raise self.error(right, _('Values stand in a list: attributes.colour in ["red", "blue"]'))
        if not right.elts:
            raise self.error(right, _("The list is empty."))
        found = [self._attribute_pair("==", one, self.node(each, depth + 1), left, each) for each in right.elts]
        return nodes.Any(tuple(found))

    def _one_of(self, fact: nodes.Fact, tree: ast.expr, depth: int) -> Node:
        each = self.node(tree, depth + 1)
        if fact.kind is Kind.NUMBER:
            if each.kind is not Kind.NUMBER:
                raise self.error(tree, self._mismatch(fact, each))
            return nodes.Compare("==", fact, each)
        if fact.kind is Kind.CATEGORY and isinstance(each, nodes.Text):
            self._must_be_known("category", each.value, tree)
            return nodes.Below(fact, each.value)
        if fact.kind is Kind.CATEGORY and isinstance(each, nodes.Fact) and each.kind is Kind.CATEGORY:
            if not each.of_view:
                raise self.error(tree, _("Here stands a category in quotation marks, or this.category."))
            return nodes.BelowThat(fact, each)
        return self._same(fact, each, tree, self.error(tree, self._mismatch(fact, each)))

    def _must_be_known(self, fact: str, value: str, at: ast.expr) -> None:
        name = "category" if fact == "department" else fact
        known = self.known.get(name)
        if known is None or value in known:
            return
        raise self.error(at, self._unknown(_("No product, category or tag is called so. "), value, known))

    def _unknown(self, message: str, value: str, known: Collection[str]) -> str:
        if near := list(_near(value, known)):
            message += _("Did you mean %(near)s?") % {"near": ", ".join(f'"{each}"' for each in near)}
        return message.strip()


def _bag(tree: ast.expr) -> bool | None:
    """Whether ``tree`` is the attributes of the product in view (True) or of each product (False); None where it is neither."""
    if isinstance(tree, ast.Name) and tree.id == ATTRIBUTES:
        return False
    of_view = isinstance(tree, ast.Attribute) and tree.attr == ATTRIBUTES
    return True if of_view and isinstance(tree.value, ast.Name) and tree.value.id == THIS else None  # type: ignore[attr-defined]


def _near(value: str, known: Collection[str]) -> Iterator[str]:
    """At most three that were probably meant."""
    by_case = {each.lower(): each for each in known}
    words = value.lower()
    ends = [each for low, each in by_case.items() if words and low.rpartition("/")[2] == words]
    close = [by_case[low] for low in difflib.get_close_matches(words, by_case, 3)]
    yield from list(dict.fromkeys([*ends, *close]))[:3]


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The conditions that must all hold."""
    return tuple(inner for part in node.parts for inner in conjuncts(part)) if isinstance(node, nodes.All) else (node,)
