"""Bakery and cheese."""

from __future__ import annotations

from shop.catalogue.packshots.colours import BLACK, FOREST, GOLD, LEMON, PAPER, RED, STEEL, WHITE
from shop.catalogue.packshots.kit import GLYPHS, Kit, shape
from shop.catalogue.packshots.pencils import circle, dots, ellipse, group, path, rect, rounded, shine, stroke


@shape(70, 1.1)
def loaf(k: Kit) -> str:
    d = "M50 122c-4-28 14-44 40-44h62c26 0 42 16 38 44l-8 72q-1 10-10 10H68q-9 0-10-10z"
    return (
        k.solid(
            d,
            "#C98B4B",
            path("#DDA563", "M50 122c-4-28 14-44 40-44h62c26 0 42 16 38 44z")
            + stroke("#B67A3B", 2, "M58 150v44M182 150v44", 0.5),
            (50, 78, 140, 126),
            0,
            0.1,
        )
        + k.solid(rounded(76, 76, 88, 129, 3, 3), k.body, k.label(80, 84, 80, 114), (76, 76, 88, 129), 0.25, 0.09)
        + stroke(WHITE, 3, "M60 112q3-15 12-20", 0.6)
    )


@shape(60)
def baguette(k: Kit) -> str:
    return group(
        path("#C98B4B", rounded(-21, -86, 42, 172, 21, 21))
        + stroke("#F0CE97", 5, "M-11-56l20-12M-11-32l20-12M-11-8l20-12")
        + path(k.body, "M-26-2h52l-4 92h-44z")
        + path(BLACK, "M12-2h14l-4 92H12z", 0.1)
        + k.say(0, 22, 38, 8, k.on_body)
        + k.art(0, 52, 0.8),
        118,
        126,
        0.9,
        16,
    )


@shape(72, 1.06)
def cake(k: Kit) -> str:
    drip = "M64 118v16q0 8 7 8t7-8v-4q0-6 6-6t6 6v14q0 8 8 8t8-8v-12q0-6 6-6t6 6v6q0 8 8 8t8-8v-8q0-6 6-6t6 6v12q0 8 8 8t8-8v-32z"
    return (
        ellipse("#E9E2D6", 120, 194, 76, 10)
        + ellipse(WHITE, 120, 191, 76, 9)
        + k.solid(
            rounded(64, 112, 112, 80, 4, 8),
            "#F1D7A4",
            rect(PAPER, 60, 156, 120, 5) + path(k.main, drip),
            (64, 112, 112, 80),
            0.3,
            0.12,
        )
        + ellipse(k.main, 120, 114, 56, 15)
        + ellipse(WHITE, 120, 112, 48, 11, 0.22)
        + circle(RED, 120, 98, 10)
        + shine("M115 96q1-3 4-4")
        + stroke(FOREST, 2, "M121 88q2-8 8-10")
        + dots(PAPER, 3.4, (88, 112), (102, 118), (138, 118), (152, 112))
    )


@shape(74, 1.12)
def pietin(k: Kit) -> str:
    return (
        group(GLYPHS["pie"], 120, 146, 3.6)
        + path(STEEL, "M56 158h128l-18 42q-2 4-6 4H80q-4 0-6-4z")
        + stroke(WHITE, 2, "M74 164l10 36M97 164l5 38M120 164v38M143 164l-5 38M166 164l-10 36", 0.5)
        + k.ticket(120, 182, 70, 28)
    )


@shape(72, 1.1)
def wedge(k: Kit) -> str:
    return (
        path(GOLD, "M44 146L150 92q46 14 46 54v58H44z")
        + path(LEMON, "M44 146L150 92q46 14 46 54z")
        + dots("#D29B2B", 8, (70, 178), (176, 172))
        + dots("#D29B2B", 5, (150, 120), (180, 194), (60, 160))
        + k.ticket(120, 176, 82, 38)
    )
