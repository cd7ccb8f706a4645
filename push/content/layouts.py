"""From MJML, blocks and words to the Liquid template of a finished e-mail, once per step, variant and language.

Liquid is taken out before MJML and css-inline see the text (as comments, which may stand between table rows, or as words
inside attributes and copy) and put back afterwards: neither has to understand it, and it cannot break them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path

import css_inline
import mjml
import orjson

from push.content.templating import ContentError

LIBRARY = Path(__file__).parent / "library"
FALLBACK_LOCALE = "en"
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_COPY = re.compile(r"\[\[([a-z_]+)\]\]")
_INCLUDE = re.compile(r"\[\[> ([a-z_]+)\]\]")
_TOKEN = re.compile(r"<!--LQ(\d+)QL-->|LQ(\d+)QL")
_MAX_INCLUDES = 20

Copy = Mapping[str, str]


def names() -> list[str]:
    """Names of the templates in the library."""
    return sorted(path.name for path in LIBRARY.iterdir() if (path / "email.mjml").is_file() and path.name != "frame")


@cache
def _file(path: str) -> str:
    return (LIBRARY / path).read_text("utf-8")


@cache
def library_copy(template: str, locale: str) -> Copy:
    """Words of ``template`` in ``locale``: the frame's, then its own; English where the language has none.

    Raises:
        ContentError: there is no such template.
    """
    words: dict[str, str] = {}
    for folder in ("frame", template):
        for language in (FALLBACK_LOCALE, locale):
            if (LIBRARY / folder / f"{language}.json").is_file():
                words |= orjson.loads(_file(f"{folder}/{language}.json"))
    if "subject" not in words:
        raise ContentError(f"no template {template!r}: there are {', '.join(names())}")
    return words


def _assemble(source: str, body: str, extension: str) -> str:
    """Put ``body`` and blocks where ``[[> name]]`` asks for them."""
    for _ in range(_MAX_INCLUDES):
        asked = _INCLUDE.search(source)
        if asked is None:
            return source
        name = asked[1]
        if name != "body" and not (LIBRARY / "blocks" / f"{name}.{extension}").is_file():
            raise ContentError(f"no block {name!r}")
        part = body if name == "body" else _file(f"blocks/{name}.{extension}")
        source = source[: asked.start()] + part.strip("\n") + source[asked.end() :]
    raise ContentError("blocks include each other without end")


def _word(words: Copy, name: str) -> str:
    try:
        return words[name]
    except KeyError:
        raise ContentError(f"no words for [[{name}]]") from None


class _Liquid:
    """The Liquid expressions taken out of a text, by number."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def token(self, expression: str) -> str:
        """A word that stands for ``expression``."""
        self.taken.append(expression)
        return f"LQ{len(self.taken) - 1}QL"

    def out_of_markup(self, source: str) -> str:
        """``source`` without Liquid: comments between elements, words elsewhere."""
        parts: list[str] = []
        end = 0
        for match in _LIQUID.finditer(source):
            parts.append(source[end : match.start()])
            before = source[: match.start()]
            within_tag = before.rfind("<") > before.rfind(">")
            token = self.token(match[0])
            parts.append(f"<!--{token}-->" if match[0].startswith("{%") and not within_tag else token)
            end = match.end()
        return "".join([*parts, source[end:]])

    def out_of_words(self, text: str) -> str:
        """Words (plain text with Liquid) as markup."""
        parts: list[str] = []
        end = 0
        for match in _LIQUID.finditer(text):
            parts += [escape(text[end : match.start()]), self.token(match[0])]
            end = match.end()
        return "".join([*parts, escape(text[end:])])

    def put_back(self, text: str) -> str:
        """The expressions where their tokens stand."""
        return _TOKEN.sub(lambda match: self.taken[int(match[1] or match[2])], text)


def html_source(body: str, words: Copy) -> str:
    """Liquid source of the HTML part.

    Args:
        body: MJML sections, with Liquid, ``[[> block]]`` and ``[[word]]``.
        words: what ``[[word]]`` stands for: plain text with Liquid, escaped here.

    Raises:
        ContentError: unknown words or blocks, or markup that MJML refuses.
    """
    source = _assemble(_file("frame/email.mjml"), body, "mjml")
    if _TOKEN.search(source) or any(_TOKEN.search(word) for word in words.values()):
        raise ContentError("LQ...QL is a word of our own: write it otherwise")
    liquid = _Liquid()
    source = liquid.out_of_markup(source)
    source = _COPY.sub(lambda match: liquid.out_of_words(_word(words, match[1])), source)
    try:
        # Without its own list of web fonts: a mail loads nothing from a foreign host.
        compiled = mjml.mjml2html(source, fonts={})
        inlined = _inliner().inline(compiled)
    except (ValueError, OSError) as error:
        raise ContentError(f"MJML: {error}") from error
    return liquid.put_back(_without_gaps(inlined))


def text_source(body: str, words: Copy) -> str:
    """Liquid source of the text part; arguments as for :func:`html_source`, without markup."""
    source = _assemble(_file("frame/email.txt"), body, "txt")
    return _COPY.sub(lambda match: _word(words, match[1]), source)


def library_body(template: str, extension: str) -> str:
    """The body of a template of the library: ``mjml`` or ``txt``."""
    return _file(f"{template}/email.{extension}")


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False, remove_inlined_selectors=True
    )


def _without_gaps(html: str) -> str:
    """Indentation is of no use to a mail client."""
    return re.sub(r"\n\s+", "\n", html)
