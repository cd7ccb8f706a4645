"""What made a score, drawn: each term as a bar to the right (it speaks for the product) or to the left (against it)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.dashboard import words
from config.dashboard.feature_names import feature
from recommender.slates.slate import Part, Term

MOST = 8


@dataclass(frozen=True)
class Bar:
    """A term: ``left`` and ``width`` in per cent of the drawing, which has zero in its middle."""

    label: str
    value: str
    amount: str
    left: float
    width: float
    tone: str


def bars(terms: Iterable[Term], algorithm: str, most: int = MOST) -> list[Bar]:
    """The largest terms, and the sum of the others."""
    found = list(terms)
    first, rest = found[:most], found[most:]
    scale = max((abs(term.amount) for term in first), default=0.0) or 1.0
    drawn = [_bar(feature(term.name, algorithm), term.value, term.amount, scale) for term in first]
    if rest:
        label = _("%(count)d others") % {"count": len(rest)}
        drawn.append(_bar(label, None, sum(term.amount for term in rest), scale))
    return drawn


def _bar(label: str, value: float | None, amount: float, scale: float) -> Bar:
    width = min(50 * abs(amount) / scale, 50.0)
    left = 50.0 if amount >= 0 else 50.0 - width
    return Bar(
        label,
        "" if value is None else number(value),
        f"{amount:+.3f}".replace("-", "\u2212"),
        left,
        width,
        "b1" if amount >= 0 else "b3",
    )


def number(value: float) -> str:
    """A value of a column, short."""
    return words.number(int(value)) if value == int(value) else f"{value:.3g}"


def sum_of(part: Part, base: float) -> str:
    """The score's sum in words; empty where it is not known."""
    if part.total is None:
        return ""
    values = {"total": f"{part.total:.3f}", "base": f"{base:.3f}", "terms": f"{part.total - base:+.3f}"}
    return _("%(total)s = %(base)s that every candidate has, %(terms)s by what is listed") % values
