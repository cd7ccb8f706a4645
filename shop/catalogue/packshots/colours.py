"""The colours of the pictures: a handful that belong to things, and a palette for each pack."""

from __future__ import annotations

from typing import NamedTuple

from shop.catalogue.packshots.data import read

PAPER, INK, WHITE, BLACK = "#FFFBF2", "#2A2722", "#fff", "#000"
RED, GOLD, LEMON = "#D5452E", "#F0B23C", "#F7D560"
GREEN, FOREST = "#4E9A54", "#2C6B45"
STEEL, MIST = "#AEB6BC", "#E3E8EA"


class Palette(NamedTuple):
    """Four colours of a pack."""

    main: str
    deep: str
    soft: str
    accent: str


PALETTES = {name: Palette(*colours) for name, colours in read("palettes").items()}


def ink_on(colour: str, dark: str) -> str:
    """Ink that can be read on ``colour``: paper on dark, ``dark`` on light ones."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return PAPER if red * 0.3 + green * 0.59 + blue * 0.11 < 150 else dark
