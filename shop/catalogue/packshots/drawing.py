"""From a product to its picture."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shop.catalogue.packshots import shapes  # noqa: F401 - registers the shapes
from shop.catalogue.packshots.colours import PALETTES, WHITE
from shop.catalogue.packshots.kit import GLYPHS, SHAPES, Kit
from shop.catalogue.packshots.pencils import ellipse, path, rect

if TYPE_CHECKING:
    from shop.catalogue.models import Product

FLOOR, MIDDLE = 204, 120  # the floor line and the middle of a picture of 240 x 240
# Widths in which a PNG is served: those of e-mails and their twofold.
PICTURE_WIDTHS = (60, 84, 120, 168, 240, 320, 480, 640)
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
TINT = "#EDE3CE"


def _stable(*parts: object) -> int:
    return int.from_bytes(hashlib.blake2s("|".join(map(str, parts)).encode(), digest_size=6).digest(), "big")


@dataclass(frozen=True)
class Picture:
    """Everything that a picture depends on; equal pictures have equal bytes."""

    key: str
    shape: str
    glyph: str
    palette: str
    brand: str
    size: str
    tint: str = TINT
    own: bool = False

    @classmethod
    def of(cls, product: Product) -> Picture:
        """The picture of a product, from ``attributes["picture"]``; what is missing or unknown there is chosen by its id."""
        asked: Any = product.attributes.get("picture") if isinstance(product.attributes, dict) else None
        asked = asked if isinstance(asked, dict) else {}
        palettes = list(PALETTES)

        def known(name: str, table: dict[str, Any], otherwise: str) -> str:
            value = asked.get(name)
            return value if isinstance(value, str) and value in table else otherwise

        tint = asked.get("tint")
        return cls(
            key=product.pk,
            shape=known("shape", SHAPES, "box"),
            glyph=known("glyph", GLYPHS, "sparkle"),
            palette=known("palette", PALETTES, palettes[_stable("palette", product.pk) % len(palettes)]),
            brand=product.brand,
            size=product.size,
            tint=tint if isinstance(tint, str) and COLOUR.fullmatch(tint) else TINT,
            own=asked.get("own") is True,
        )

    def draw(self) -> str:
        """The SVG."""
        shape = SHAPES[self.shape]
        side = 212 / shape.zoom  # a nearer camera, the same floor line
        uid = f"p{_stable(self.key) % 16**6:x}"
        kit = Kit(
            self.glyph, self.palette, self.brand, self.size, self.own, _stable("style", self.brand), uid, self.tint
        )
        box = f"{MIDDLE - side / 2:.1f} {FLOOR - side * 0.86:.1f} {side:.1f} {side:.1f}"
        head = f'xmlns="http://www.w3.org/2000/svg" width="240" height="240" viewBox="{box}"'
        wall = rect(self.tint, 0, 0, 240, 240) + path(WHITE, "M0 0h240v172q-120 22-240 0z", 0.3)
        floor = _shadow(f"{uid}s", shape.half)
        return f'<svg {head} stroke-linecap="round" stroke-linejoin="round">{wall}{floor}{shape.draw(kit)}</svg>'


def _shadow(name: str, half: float) -> str:
    stops = '<stop stop-color="#46351c" stop-opacity=".42"/><stop offset="1" stop-color="#46351c" stop-opacity="0"/>'
    gradient = f'<radialGradient id="{name}">{stops}</radialGradient>'
    return gradient + ellipse(f"url(#{name})", MIDDLE + 8, FLOOR, half * 1.26, 14)


@lru_cache(maxsize=2048)
def _drawn(picture: Picture) -> str:
    return picture.draw()


@lru_cache(maxsize=256)
def _rendered(picture: Picture, width: int) -> bytes:
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=_drawn(picture), width=width, height=width))


def svg(product: Product) -> str:
    """The product's picture as SVG, 240 x 240."""
    return _drawn(Picture.of(product))


def png(product: Product, width: int = 240) -> bytes:
    """The same picture as PNG, for mail clients, which show no SVG.

    Args:
        width: one of :data:`PICTURE_WIDTHS`.

    Raises:
        ValueError: another width (each would be rendered and kept).
    """
    if width not in PICTURE_WIDTHS:
        raise ValueError(f"pictures are {', '.join(map(str, PICTURE_WIDTHS))} pixels wide, not {width}")
    return _rendered(Picture.of(product), width)
