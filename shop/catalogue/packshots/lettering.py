"""Letters as strokes of one monoline alphabet, six units high, so that no font is needed."""

from __future__ import annotations

from typing import NamedTuple

from shop.catalogue.packshots.data import read
from shop.catalogue.packshots.pencils import number

LETTERS: dict[str, tuple[float, str]] = {letter: (wide, d) for letter, (wide, d) in read("letters").items()}


class Lettering(NamedTuple):
    """How a brand writes itself."""

    bold: float
    slant: int
    track: float


LETTERINGS = (Lettering(1.15, 0, 1.5), Lettering(1.5, 0, 1.9), Lettering(0.95, 0, 2.3), Lettering(1.35, 10, 1.5))
PLAIN = Lettering(1.0, 0, 1.5)


def word(
    text: str,
    x: float,
    y: float,
    room: float,
    high: float,
    ink: str,
    bold: float | None = None,
    style: Lettering = PLAIN,
) -> str:
    """Text centred on (x, y), at most ``room`` wide and ``high`` high; letters that the alphabet lacks are left out."""
    wide, d = 0.0, ""
    for letter in text.upper():
        if letter in LETTERS:
            width, outline = LETTERS[letter]
            d += f"M{number(wide)} 0{outline}" if outline else ""
            wide += width + style.track
    if not d:
        return ""
    wide = max(wide - style.track, 1)
    scale = min(high / 6, room / wide)
    skew = f"skewX({-style.slant})" if style.slant else ""
    move = f"translate({x - wide * scale / 2:.1f} {y - 3 * scale:.1f})scale({scale:.2f}){skew}"
    width = style.bold if bold is None else bold
    return f'<path fill="none" stroke="{ink}" stroke-width="{width:g}" transform="{move}" d="{d}"/>'
