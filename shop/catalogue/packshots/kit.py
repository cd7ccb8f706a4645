"""What a shape needs to draw one product: its colours, its contents and its label.

A brand keeps its label layout and its lettering.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from shop.catalogue.packshots.colours import BLACK, PALETTES, PAPER, WHITE, ink_on
from shop.catalogue.packshots.data import read
from shop.catalogue.packshots.labels import LAYOUTS, Zone
from shop.catalogue.packshots.lettering import LETTERINGS, word
from shop.catalogue.packshots.pencils import circle, group, path, rect, rounded

GLYPHS: dict[str, str] = read("glyphs")
# White things need a coloured disc behind them.
PALE = frozenset(
    [
        "drop",
        "fizz",
        "bone",
        "tooth",
        "soft",
        "swirl",
        "fishbone",
        "garlic",
        "plate",
        "egg",
        "salt",
        "sugar",
        "cocoa",
        "tea",
    ]
)
BRAND_LAYOUTS = ("panel", "disc", "dip", "band", "arch")


@dataclass
class Kit:
    """One product's drawing kit.

    Attributes:
        glyph: what is in the pack (a name of ``glyphs.json``).
        palette: a name of ``palettes.json``.
        brand, size: printed on the pack.
        own: whether it is the shop's own label.
        seed: picks the brand's layout and lettering.
        uid: keeps ids apart on one page.
        tint: colour of the wall behind.
    """

    glyph: str
    palette: str
    brand: str
    size: str
    own: bool
    seed: int
    uid: str
    tint: str
    parts: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.main, self.deep, self.soft, self.accent = PALETTES[self.palette]
        self.body, self.cap = (PAPER, self.main) if self.own else (self.main, self.accent)
        self.on_main = ink_on(self.main, self.deep)
        self.on_body = self.deep if self.own else self.on_main
        self.layout = "own" if self.own else BRAND_LAYOUTS[self.seed % 5]
        self.lettering = LETTERINGS[self.seed // 5 % 4]

    def solid(
        self,
        d: str,
        fill: str,
        inner: str = "",
        box: tuple[float, float, float, float] = (80, 80, 80, 124),
        gloss: float = 0.3,
        dark: float = 0.1,
    ) -> str:
        """A closed outline in one colour, with print on it, lit from the left and shaded on the right."""
        self.parts += 1
        name, (x, y, w, h) = f"{self.uid}{self.parts}", box
        light = rect(WHITE, x + w * 0.08, y + h * 0.05, w * 0.075, h * 0.9, w * 0.04, gloss) if gloss else ""
        shade = rect(BLACK, x + w * 0.8, y, w * 0.3, h, 0, dark) if dark else ""
        clip = f'<clipPath id="{name}"><path d="{d}"/></clipPath><g clip-path="url(#{name})">'
        return f"{clip}{rect(fill, -99, -99, 340, 340)}{inner}{shade}{light}</g>"

    def block(self, x: float, y: float, w: float, h: float, dx: float, dy: float, fill: str, inner: str = "") -> str:
        """A cardboard box: a front, a lighter top, a darker side."""
        top = f"M{x} {y}l{dx}-{dy}h{w}l-{dx} {dy}z"
        side = f"M{x + w} {y}l{dx}-{dy}v{h}l-{dx} {dy}z"
        faces = path(fill, top) + path(WHITE, top, 0.28) + path(fill, side) + path(BLACK, side, 0.2)
        front = self.solid(rounded(x, y, w, h, 1, 3), fill, inner, (x, y, w, h), 0, 0)
        return faces + front + rect(WHITE, x, y, 3, h, 0, 0.3)

    def art(self, x: float, y: float, scale: float, turn: float = 0) -> str:
        """The glyph once; one that is white itself stands on a disc of the pack's colour."""
        disc = circle(self.main, 0, 0, 23) if self.glyph in PALE else ""
        return group(disc + GLYPHS[self.glyph], x, y, scale * (0.86 if disc else 1), turn)

    def copies(self, scale: float, *places: tuple[float, float, float]) -> str:
        """The glyph at every (x, y, turn): drawn once, then used."""
        self.parts += 1
        name = f"{self.uid}g{self.parts}"
        uses = "".join(
            f'<use href="#{name}" transform="translate({x} {y})scale({scale:g}){f"rotate({turn})" if turn else ""}"/>'
            for x, y, turn in places
        )
        return f'<defs><g id="{name}">{GLYPHS[self.glyph]}</g></defs>{uses}'

    def say(self, x: float, y: float, room: float, high: float, ink: str) -> str:
        """The brand, in its own lettering."""
        return word(self.brand, x, y, room, high, ink, style=self.lettering)

    def label(self, x: float, y: float, w: float, h: float) -> str:
        """Brand, glyph and size on the zone (x, y, w, h); bands run over its edges and are clipped."""
        return LAYOUTS[self.layout](self, Zone(x, y, w, h))

    def ticket(self, x: float, y: float, w: float, h: float, turn: float = 0) -> str:
        """A small sticker, for fresh things that have no printed pack."""
        paper = rect(PAPER, -w / 2, -h / 2, w, h, 4) + rect(self.main, -w / 2, h / 2 - 5, w, 5, 2)
        brand = word(self.brand, 0, -h * 0.16, w * 0.82, h * 0.24, self.deep, 1.2)
        size = word(self.size, 0, h * 0.17, w * 0.6, h * 0.17, self.deep)
        return group(paper + brand + size, x, y, 1, turn)


class Shape(NamedTuple):
    """A registered drawing: half the width of its shadow, how near the camera stands, and the function."""

    half: float
    zoom: float
    draw: Callable[[Kit], str]


SHAPES: dict[str, Shape] = {}


def shape(half: float, zoom: float = 1.0) -> Callable[[Callable[[Kit], str]], Callable[[Kit], str]]:
    """Register a drawing under its own name."""

    def keep(draw: Callable[[Kit], str]) -> Callable[[Kit], str]:
        SHAPES[draw.__name__] = Shape(half, zoom, draw)
        return draw

    return keep
