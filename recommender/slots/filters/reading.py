"""From text to a tree by Python's own grammar (:mod:`ast`); what cannot be read is said with its place and what helps.

Nothing is ever executed. Which kinds of node mean anything is for :mod:`recommender.slots.filters.meaning` to say.
"""

from __future__ import annotations

import ast
import re
import warnings

from django.utils.translation import gettext as _

from recommender.slots.filters.errors import FilterError, Source

_STRINGS = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
# Signs of other languages; Python's own readers would take some of them for something else.
_FOREIGN = re.compile(r"[#;{}`$@%^~]|&&?|\|\|?|!(?!=)|<>|\b(?:AND|OR|NOT)\b")
_WORDS = {"&": "and", "|": "or", "!": "not", "<": "!=", "AND": "and", "OR": "or", "NOT": "not"}


def tree_of(source: Source) -> ast.expr:
    """The tree of an expression.

    Raises:
        FilterError: it cannot be read.
    """
    if "\x00" in source.text:
        raise source.wrong(source.text.index("\x00"), 1, _("There is a NUL character."))
    # What stands in quotation marks is text, whatever signs it has.
    bare = _STRINGS.sub(lambda found: "_" * len(found[0]), source.text)
    _refuse_foreign_signs(source, bare)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.text, mode="eval").body
    except SyntaxError as error:
        raise _unreadable(source, bare, error.offset or 0, error.end_offset or 0) from None
    except (RecursionError, MemoryError, ValueError, OverflowError):
        message = _("It is nested too deeply, or holds a number out of range.")
        raise FilterError(0, source.length, "", message) from None


def _refuse_foreign_signs(source: Source, bare: str) -> None:
    for sign in _FOREIGN.finditer(bare):
        word = _WORDS.get(sign[0][:3] if sign[0].isalpha() else sign[0][0])
        message = _("This sign means nothing here.") if word is None else _("Write “%(word)s”.") % {"word": word}
        raise source.wrong(sign.start(), len(sign[0]), message)


def _unreadable(source: Source, bare: str, offset: int, end: int) -> FilterError:
    """What is most probably wrong with a text that Python cannot read from ``offset`` (from 1; 0: it broke off) to ``end``."""
    place = min(max(offset - 1, 0), max(len(source.text) - 1, 0))
    single = re.search(r"(?<![=!<>])=(?!=)", bare)
    if single:
        return source.wrong(single.start(), 1, _("Compare with two signs: =="))
    if bare.count("(") != bare.count(")") or bare.count("[") != bare.count("]"):
        return source.wrong(place, 1, _("A bracket is not closed, or closed twice."))
    if '"' in bare or "'" in bare:
        quote = min(at for at in (bare.find('"'), bare.find("'")) if at >= 0)
        return source.wrong(quote, 1, _("The quotation mark is not closed."))
    if not offset:
        last = source.text.split()[-1]
        message = _("It breaks off here: something must follow, or this must go.")
        return source.wrong(len(source.text) - len(last), len(last), message)
    return source.wrong(
        place,
        max(end - offset, 1),
        _('It cannot be read from here on. Conditions look like: price < 20 and brand == "Nido"'),
    )
