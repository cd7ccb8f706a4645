"""Liquid as marketers know it from Klaviyo, Braze and Shopify, fenced in: limits, escaping, plain data only.

Docs of the language: https://shopify.github.io/liquid/ ; what Pushcart hands to it: docs/reference/liquid.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TextIO, cast

from liquid import Environment, Mode, RenderContext
from liquid.builtin.content import ContentNode, Literal
from liquid.exceptions import LiquidError, LiquidInterrupt, OutputStreamLimitError, StopRender
from liquid.template import BoundTemplate
from liquid.token import Token

from push.content.compiling import Unusual, compiled
from push.content.mime import Static, clean

MAX_SOURCE = 200_000
MAX_OUTPUT = 500_000
PLAIN = (str, int, float, bool, type(None))
# `safe` would let a value pass unescaped; the others read files or have no use in a message.
REFUSED_FILTERS = ("safe", "escapejs", "base64_decode", "base64_url_safe_decode")
REFUSED_TAGS = ("include", "render", "increment", "decrement", "tablerow", "ifchanged")


class ContentError(ValueError):
    """A template that cannot be used, or a message that cannot be filled; the text says where."""


class _StaticNode(ContentNode):
    """Template text, encoded for the wire when the template is parsed."""

    __slots__ = ()

    def __init__(self, token: Token, text: str) -> None:
        super().__init__(token, Static(clean(text)))

    def render(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the text: nothing to look up."""
        return buffer.write(self.text)


class _StaticLiteral(Literal):
    node_class = _StaticNode


class _Limited(Environment):
    block_nesting_limit = 12
    context_depth_limit = 12
    loop_iteration_limit = 2_000
    local_namespace_limit = 100_000
    output_stream_limit = MAX_OUTPUT


class Pieces(list[str]):
    """An output buffer that keeps what is written apart, so that static pieces keep their encoded form."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def write(self, text: str) -> int:
        """Append ``text``.

        Raises:
            OutputStreamLimitError: a message over :data:`MAX_OUTPUT` characters.
        """
        if text:
            self.size += len(text)
            if self.size > MAX_OUTPUT:
                raise OutputStreamLimitError("output stream limit reached", token=None)
            self.append(text if type(text) is Static else clean(str(text)))
        return len(text)


@cache
def environment(*, escape: bool) -> Environment:
    """The Liquid environment: ``escape`` for HTML, not for headers and plain text."""
    made = _Limited(autoescape=escape, tolerance=Mode.STRICT, strict_filters=True)
    made.add_tag(_StaticLiteral)
    for name in REFUSED_FILTERS:
        made.filters.pop(name, None)
    for name in REFUSED_TAGS:
        made.tags.pop(name, None)
    return made


class Template:
    """A parsed Liquid template.

    Args:
        source: Liquid text.
        escape: whether values are HTML-escaped.
        where: what it is, for messages ("subject").

    Raises:
        ContentError: it does not parse, or is over :data:`MAX_SOURCE` characters.
    """

    def __init__(self, source: str, *, escape: bool, where: str) -> None:
        if len(source) > MAX_SOURCE:
            raise ContentError(f"{where}: longer than {MAX_SOURCE} characters")
        self.where = where
        self.source = source
        try:
            self._template: BoundTemplate = environment(escape=escape).from_string(source)
        except LiquidError as error:
            raise ContentError(f"{where}: {_said(error)}") from error
        self._quick = compiled(self._template, escaping=escape)

    def fill(self, data: Mapping[str, Any]) -> Pieces:
        """The template filled with ``data``, in pieces.

        Raises:
            ContentError: a limit was reached, or an expression failed.
        """
        pieces = Pieces()
        try:
            if not self._fill_quickly(data, pieces):
                self._fill_by_library(data, pieces)
        except (LiquidError, LiquidInterrupt, StopRender) as error:
            raise ContentError(f"{self.where}: {_said(error)}") from error
        except (ArithmeticError, ValueError, TypeError, RecursionError) as error:
            # Filters of the library let these through for odd arguments.
            raise ContentError(f"{self.where}: {type(error).__name__}: {error}") from error
        return pieces

    def _fill_quickly(self, data: Mapping[str, Any], pieces: Pieces) -> bool:
        """Fill by closures; False (and nothing written) where the template or a value is beyond them."""
        if self._quick is None:
            return False
        try:
            self._quick(dict(data), pieces)
        except Unusual:
            pieces.clear()
            pieces.size = 0
            return False
        if sum(map(len, pieces)) > MAX_OUTPUT:
            raise OutputStreamLimitError("output stream limit reached", token=None)
        return True

    def _fill_by_library(self, data: Mapping[str, Any], pieces: Pieces) -> None:
        template = self._template
        context = template.context_class(template, globals=template.make_globals(data))
        for node in template.nodes:
            node.render(context, cast("TextIO", pieces))

    def variables(self) -> set[str]:
        """Names that ``data`` is asked for at the top level, such as ``cart`` and ``shopper``."""
        return set(self._template.analyze(include_partials=False).globals)

    def paths(self) -> set[str]:
        """Dotted names that ``data`` is asked for: ``shopper.first_name``."""
        found = self._template.analyze(include_partials=False).globals
        return {str(variable) for variables in found.values() for variable in variables}


def _said(error: Exception) -> str:
    """Message and line of a Liquid error, without the whole template it quotes."""
    token = getattr(error, "token", None)
    line = f" (line {token.source.count(chr(10), 0, token.start_index) + 1})" if token is not None else ""
    return f"{error.args[0] if error.args else type(error).__name__}{line}"


def require_plain(value: Any, where: str = "data") -> None:
    """Refuse anything but dicts, lists, text, numbers, booleans and None: a template must not reach an object.

    Raises:
        TypeError: names the place.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            require_plain(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for item in cast("Iterable[Any]", value):
            require_plain(item, f"{where}[]")
    elif type(value) not in PLAIN:
        raise TypeError(f"{where} is a {type(value).__name__}: templates are given plain data only")
