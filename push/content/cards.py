"""Products in messages: what is the same for everybody is filled and encoded once, only link and reason are put in anew.

A loop over products whose body looks at nothing but the product (and shows link and reason as they are) writes each product as
ready pieces with holes for these two. The pieces are what the loop's own acts wrote, so they say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

from liquid import escape

from push.content.mime import Static, clean

LINK, REASON = "link", "reason"
_REMEMBERED = 4_000

Scope = dict[str, Any]
Act = Callable[[Scope, list[str]], None]


class Card(dict[str, Any]):
    """A product as templates see it: plain data. Cards with equal keys differ in link and words of the reason alone."""

    __slots__ = ("key",)
    key: Hashable


class Hole(str):
    """Where something goes that is each message's own."""

    __slots__ = ()


_LINK: Final = Hole("\x00link")
_REASON: Final = Hole("\x00reason")


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
        link, reason = self._as_it_goes(card[LINK]), self._as_it_goes(card.get(REASON) or "")
        out += [link if piece is _LINK else reason if piece is _REASON else piece for piece in pieces]

    def _as_it_goes(self, text: str) -> str:
        return clean(str(escape(text)) if self._escaping else text)

    def _learn(self, card: Card, written: list[str]) -> tuple[str, ...]:
        """Fill the body into ``written``: a buffer of the kind that filters asked of the library write to."""
        # Liquid takes any text for true, so a hole stands for every reason; no reason is a key of its own.
        reason = None if card.get(REASON) is None else _REASON
        scope = {self._name: {**card, LINK: _LINK, REASON: reason}}
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
    for piece in pieces:
        if type(piece) is not Hole:
            run.append(piece)
            continue
        if run:
            joined.append(Static("".join(run)))
            run = []
        joined.append(piece)
    return (*joined, Static("".join(run))) if run else tuple(joined)
