"""The common part of Liquid as Python closures: text, ``{{ a.b }}``, ``{% if %}`` and ``{% for %}`` over plain data.

What a message is mostly made of, three times as fast as the library's walk over its tree and with the same result (a property test
compares them). A template that uses anything else (``assign``, ``forloop``, ``break`` ...) is left to the library as a whole; an
expression with filters or a comparison that is not simple is asked of the library where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from liquid import escape
from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import BooleanExpression, Path
from liquid.builtin.expressions.logical import EqExpression, GtExpression
from liquid.builtin.expressions.primitive import IntegerLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.stringify import to_liquid_string
from liquid.template import BoundTemplate
from liquid.utils.text import truncate_chars

from push.content.cards import LINK, REASON, Act, Card, Hole, Scope, Steady
from push.content.mime import clean

Value = Callable[[Scope], Any]
MAX_ITERATIONS = 2_000
# Names that the library gives a meaning of its own.
_OWN_NAMES = frozenset({"forloop", "now", "today", "tablerowloop"})
# Counts iterations over a whole template; the library's limit is asked where ours is reached.
_COUNTER = "\x00iterations"


class Unusual(Exception):
    """A template or a value beyond the common part: for the library to deal with."""


class Compiler:
    """Compiles one template.

    Args:
        escaping: whether values are HTML-escaped.
    """

    def __init__(self, template: BoundTemplate, *, escaping: bool) -> None:
        self._template = template
        self._escaping = escaping

    def compile(self) -> Act:
        """What fills the template: given the data, appends pieces; raises :class:`Unusual` for values it is not made for.

        Raises:
            Unusual: the template is beyond the common part.
        """
        acts = self._block(self._template.nodes)

        def fill(scope: Scope, out: list[str]) -> None:
            scope = {**scope, _COUNTER: [0]}
            for act in acts:
                act(scope, out)

        return fill

    def _block(self, nodes: Sequence[Node]) -> tuple[Act, ...]:
        return tuple(self._node(node) for node in nodes)

    def _node(self, node: Node) -> Act:
        if isinstance(node, ContentNode):
            return self._text(node.text)
        if isinstance(node, OutputNode):
            return self._output(node)
        if type(node) is IfNode:
            return self._if(node)
        if type(node) is ForNode:
            return self._for(node)
        raise Unusual(type(node).__name__)

    def _text(self, text: str) -> Act:
        if not text:
            return lambda scope, out: None
        return lambda scope, out: out.append(text)

    def _output(self, node: OutputNode) -> Act:
        self._refuse_own_names(node)
        expression: Any = node.expression
        left, filters = getattr(expression, "left", None), getattr(expression, "filters", None)
        if type(left) is not Path:
            return lambda scope, out: self._ask_library(node, scope, out)
        if filters:
            return self._truncated(node, left, filters)
        value, escaping = self._path(left), self._escaping

        def output(scope: Scope, out: list[str]) -> None:
            found = value(scope)
            if type(found) is str:
                if found:
                    out.append(clean(str(escape(found)) if escaping else found))
            elif type(found) is Hole:
                out.append(found)
            elif found is not None and (text := to_liquid_string(found, escaping)):
                out.append(clean(str(text)))

        return output

    def _truncated(self, node: OutputNode, left: Path, filters: Sequence[Any]) -> Act:
        """``{{ text | truncate: 90 }}``, which stands in every preheader; other filters are asked of the library."""
        arguments = [argument.value for argument in filters[0].args]
        plain = len(filters) == 1 and filters[0].name == "truncate" and len(arguments) == 1
        if not plain or type(arguments[0]) is not IntegerLiteral:
            return lambda scope, out: self._ask_library(node, scope, out)
        value, length, escaping = self._path(left), arguments[0].value, self._escaping

        def truncated(scope: Scope, out: list[str]) -> None:
            found = value(scope)
            if type(found) is not str:
                self._ask_library(node, scope, out)
            elif text := truncate_chars(found, length, "..."):
                out.append(clean(str(escape(text)) if escaping else text))

        return truncated

    def _ask_library(self, node: Node, scope: Scope, out: list[str]) -> None:
        visible = {name: value for name, value in scope.items() if name != _COUNTER}
        template = self._template
        context = template.context_class(template, globals=template.make_globals(visible))
        node.render(context, out)  # type: ignore[arg-type]

    def _refuse_own_names(self, node: Node) -> None:
        """A value of the library's own making (``forloop.index``) is only there in its own walk."""
        waiting: list[Any] = list(node.expressions())
        while waiting:
            expression = waiting.pop()
            if isinstance(expression, Path) and expression.path[0] in _OWN_NAMES:
                raise Unusual(str(expression))
            waiting += expression.children()

    def _path(self, path: Path) -> Value:
        segments = list(path.path)
        sized = len(segments) > 1 and segments[-1] == "size"
        plain = segments[:-1] if sized else segments
        if not all(type(part) is str and part not in ("size", "first", "last") for part in plain):
            raise Unusual(str(path))
        if plain[0] in _OWN_NAMES:
            raise Unusual(str(path))

        def look(scope: Scope) -> Any:
            found: Any = scope
            try:
                for part in plain:
                    found = found[part]
            except (KeyError, TypeError, IndexError):
                return None
            return found

        if not sized:
            return look

        def size(scope: Scope) -> Any:
            found = look(scope)
            if type(found) is not list:
                raise Unusual("size of something else than a list")
            return len(found)

        return size

    def _truth(self, expression: Any) -> Value:
        inner: Any = expression.expression if isinstance(expression, BooleanExpression) else expression
        if type(inner) is Path:
            value = self._path(inner)

            def truth(scope: Scope) -> bool:
                found = value(scope)
                return found is not None and found is not False

            return truth
        if type(inner) in (EqExpression, GtExpression):
            left, right = inner.left, inner.right
            if type(left) is Path and type(right) is IntegerLiteral:
                return self._comparison(self._path(left), right.value, equal=type(inner) is EqExpression)
        raise Unusual(str(expression))

    @staticmethod
    def _comparison(value: Value, number: int, *, equal: bool) -> Value:
        def compare(scope: Scope) -> bool:
            found = value(scope)
            if type(found) is not int:
                raise Unusual("a comparison of something else than numbers")
            return found == number if equal else found > number

        return compare

    def _if(self, node: IfNode) -> Act:
        tests = [(node.condition, node.consequence), *((other.expression, other.block) for other in node.alternatives)]
        branches = [(self._truth(test), self._shown(node, block.nodes)) for test, block in tests]
        default = self._shown(node, node.default.nodes) if node.default else ()

        def choose(scope: Scope, out: list[str]) -> None:
            chosen = next((acts for truth, acts in branches if truth(scope)), default)
            for act in chosen:
                act(scope, out)

        return choose

    def _shown(self, node: Node, nodes: Sequence[Node]) -> tuple[Act, ...]:
        """The acts of a block; a block of spaces alone shows nothing, as in the library."""
        acts = self._block(nodes)
        return () if node.blank else acts

    def _for(self, node: ForNode) -> Act:
        loop = node.expression
        if loop.limit or loop.offset or loop.reversed or loop.cols or type(loop.iterable) is not Path:
            raise Unusual(str(loop))
        items, name = self._path(loop.iterable), loop.identifier
        block: BlockNode = node.block
        acts = () if block.blank else self._block(block.nodes)
        steady = Steady(name, acts, escaping=self._escaping) if _only_of(block.nodes, name) else None
        default = self._block(node.default.nodes) if node.default and not node.default.blank else ()

        def repeat(scope: Scope, out: list[str]) -> None:
            found = items(scope)
            if type(found) is not list and found is not None:
                raise Unusual("a loop over something else than a list")
            if not found:
                for act in default:
                    act(scope, out)
                return
            scope[_COUNTER][0] += len(found)
            if scope[_COUNTER][0] > MAX_ITERATIONS:
                raise Unusual("many iterations")
            inner = {**scope}
            for item in found:
                if steady is not None and type(item) is Card:
                    steady.write(item, out)
                    continue
                inner[name] = item
                for act in acts:
                    act(inner, out)

        return repeat


def _only_of(nodes: Sequence[Node], name: str) -> bool:
    """Whether what ``nodes`` show depends on the variable ``name`` alone, and link and reason stand there as they are."""
    for node in nodes:
        if isinstance(node, ContentNode):
            continue
        if isinstance(node, OutputNode):
            expression: Any = node.expression
            left: Any = getattr(expression, "left", None)
            as_it_is = type(left) is Path and not getattr(expression, "filters", None)
            own = as_it_is and list(left.path) in ([name, LINK], [name, REASON])
            if not own and not _asks_only(node, name, but=(LINK, REASON)):
                return False
        elif type(node) is not IfNode or not _asks_only(node, name, but=(LINK,)) or not _branches_only_of(node, name):
            return False
    return True


def _branches_only_of(node: IfNode, name: str) -> bool:
    blocks = [
        node.consequence,
        *(other.block for other in node.alternatives),
        *([node.default] if node.default else []),
    ]
    return all(_only_of(block.nodes, name) for block in blocks)


def _asks_only(node: Node, name: str, *, but: tuple[str, ...]) -> bool:
    """Whether the expressions of a node ask for parts of ``name`` alone, and for none of ``but``."""
    paths = list(_paths(node))
    return all(len(path) > 1 and path[0] == name and type(path[1]) is str and path[1] not in but for path in paths)


def _paths(node: Node) -> Iterator[list[Any]]:
    conditions: list[Any] = list(node.expressions())
    if type(node) is IfNode:
        conditions += [node.condition, *(other.expression for other in node.alternatives)]
    while conditions:
        expression = conditions.pop()
        if isinstance(expression, Path):
            yield list(expression.path)
        conditions += expression.children()


def compiled(template: BoundTemplate, *, escaping: bool) -> Act | None:
    """What fills ``template``, or None where only the library can."""
    try:
        return Compiler(template, escaping=escaping).compile()
    except Unusual:
        return None
