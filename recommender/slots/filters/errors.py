"""What is wrong with an expression, where, and what helps."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _


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


class Source:
    """A text as it is read, which knows where its parts stand in what was written.

    Attributes:
        text: without what is around it, in one line: lines may be broken anywhere.
        length: of what was written.
    """

    def __init__(self, written: str) -> None:
        line = re.sub(r"[\n\r\t\f\v]", " ", written)
        self.text, self.length = line.strip(), len(line)
        self._lead = len(line) - len(line.lstrip())

    def wrong(self, start: int, length: int, message: str) -> FilterError:
        """What is wrong with ``length`` characters of the text."""
        excerpt = self.text[start : start + length]
        return FilterError(start + self._lead, start + self._lead + length, excerpt, message)

    def error(self, tree: ast.expr, message: str) -> FilterError:
        """What is wrong with a part of the tree; Python's places count octets."""
        octets = self.text.encode()
        start = len(octets[: tree.col_offset].decode(errors="ignore"))
        end = len(octets[: tree.end_col_offset].decode(errors="ignore"))
        return self.wrong(start, end - start, message)
