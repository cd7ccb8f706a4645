"""Products in messages: all that is the same for everybody is filled and encoded once per product; only the link is put in anew.

A loop over products whose body looks at nothing but the product (and shows its link as it is) writes each product as ready pieces
with holes for the link. The pieces are what the loop's own acts wrote, so they say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

from liquid import escape

from push.content.mime import Static, clean

LINK = "link"
_REMEMBERED = 4_000

Scope = dict[str, Any]
Act = Callable[[Scope, list[str]], None]


class Card(dict[str, Any]):
    """A product as templates see it: plain data. Cards with equal keys are equal but for their link."""

    __slots__ = ("key",)
    key: Hashable


class _Hole(str):
    """Where the link goes."""

    __slots__ = ()


HOLE: Final = _Hole("\x00link")


class Steady:
    """The body of a loop over cards, filled once per key.

    Args:
        name: the loop's variable.
        acts: what the body does; everything it looks at is the variable's.
        escaping: whether values are HTML-escaped.
    """

    def __init__(self, name: str, acts: Sequence[Act], *, escaping: bool) -> None:
        self._name = name
        self._acts = acts
        self._escaping = escaping
        self._known: dict[Hashable, tuple[str, ...]] = {}

    def write(self, card: Card, out: list[str]) -> None:
        """Append the card's pieces."""
        pieces = self._known.get(card.key)
        if pieces is None:
            pieces = self._learn(card, type(out)())
        link = card[LINK]
        link = clean(str(escape(link)) if self._escaping else link)
        out += [link if piece is HOLE else piece for piece in pieces]

    def _learn(self, card: Card, written: list[str]) -> tuple[str, ...]:
        """Fill the body into ``written``: a buffer of the kind that filters asked of the library write to."""
        scope = {self._name: {**card, LINK: HOLE}}
        for act in self._acts:
            act(scope, written)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[card.key] = _joined(written)
        return found


def _joined(pieces: Sequence[str]) -> tuple[str, ...]:
    """What stands between two holes as one piece."""
    joined: list[str] = []
    run: list[str] = []
    for piece in [*pieces, HOLE]:
        if piece is not HOLE:
            run.append(piece)
            continue
        if run:
            joined.append(Static("".join(run)))
            run = []
        joined.append(HOLE)
    return tuple(joined[:-1])
