"""Flowers, paper goods, pharmacy and the rest."""

from __future__ import annotations

from shop.catalogue.packshots.colours import FOREST, GOLD, GREEN, INK, PAPER, STEEL, WHITE
from shop.catalogue.packshots.kit import GLYPHS, Kit, shape
from shop.catalogue.packshots.lettering import word
from shop.catalogue.packshots.pencils import circle, dots, ellipse, group, path, rect, rounded, stroke


@shape(44)
def bouquet(k: Kit) -> str:
    heads = (
        (94, 92, k.main),
        (146, 92, k.accent),
        (120, 74, k.main),
        (108, 112, k.accent),
        (136, 114, k.main),
        (84, 116, k.soft),
        (158, 116, k.soft),
    )

    def one(x: float, y: float, c: str) -> str:
        return dots(c, 7.5, (x, y - 9), (x + 9, y - 2), (x + 5, y + 8), (x - 5, y + 8), (x - 9, y - 2)) + circle(
            GOLD if c != k.accent else PAPER, x, y, 5
        )

    return (
        path(
            GREEN,
            "M72 92c0-20 12-26 20-26 0 18-8 26-20 26zM168 92c0-20-12-26-20-26 0 18 8 26 20 26z"
            "M112 62c-4-16 4-24 10-26 6 12 0 24-10 26z",
        )
        + "".join(one(*h) for h in heads)
        + k.solid(
            "M70 122q50 22 100 0l-36 82h-28z",
            PAPER,
            path(k.soft, "M120 100l60 10-40 110z") + k.art(0, 0, 0),
            (70, 122, 100, 82),
            0,
            0.06,
        )
        + path(k.main, "M100 168h40l-5 14h-30z")
        + word(k.brand, 120, 175, 26, 4, k.on_main, 1.2)
    )


@shape(48, 1.05)
def plant(k: Kit) -> str:
    return (
        path(FOREST, "M118 140C92 140 72 118 76 88c26 2 44 22 44 52zM122 140c26 0 46-22 42-52-26 2-44 22-42 52z")
        + path(GREEN, "M120 142C100 118 100 84 120 60c20 24 20 58 0 82z")
        + stroke("#A8CF7A", 1.6, "M120 72v64M84 96q22 14 32 40M156 96q-22 14-32 40", 0.8)
        + k.solid("M82 136h76l-9 62q-1 6-7 6H98q-6 0-7-6z", k.main, "", (82, 136, 76, 68), 0.3)
        + path(k.main, rounded(77, 130, 86, 16, 4, 4))
        + rect(WHITE, 77, 130, 86, 5, 2, 0.3)
        + k.ticket(120, 174, 52, 26)
    )


@shape(58)
def magazine(k: Kit) -> str:
    return (
        path("#DDD6C8", "M76 58h92l6 6v140H82z")
        + k.solid(
            rounded(70, 54, 96, 150, 2, 2),
            k.main,
            rect(k.soft, 60, 90, 120, 84)
            + k.say(118, 74, 84, 17, k.on_main)
            + k.art(118, 130, 1.8)
            + stroke(k.on_main, 2.4, "M80 184h46M80 192h32"),
            (70, 54, 96, 150),
            0,
            0,
        )
        + rect(WHITE, 70, 54, 4, 150, 0, 0.3)
    )


@shape(64, 1.16)
def newspaper(k: Kit) -> str:
    return (
        path("#D9D2C4", rounded(60, 96, 124, 108, 3, 3))
        + path("#F4F0E6", rounded(54, 88, 124, 112, 3, 3))
        + k.say(116, 104, 104, 13, INK)
        + stroke(INK, 1.4, "M64 116h104")
        + rect(k.soft, 64, 124, 48, 42)
        + k.art(88, 145, 0.8)
        + stroke(STEEL, 2.4, "M120 128h48M120 136h48M120 144h48M120 152h40M120 160h48M64 176h104M64 184h104M64 192h70")
    )


@shape(48, 1.18)
def candle(k: Kit) -> str:
    return k.solid(
        rounded(76, 84, 88, 120, 6, 14),
        "#F5EFE2",
        rect(k.main, 60, 122, 120, 90, 0, 0.55)
        + group(GLYPHS["flame"], 120, 106, 0.62)
        + rect(PAPER, 88, 134, 64, 56, 5)
        + k.say(120, 147, 50, 7, k.deep)
        + k.art(120, 168, 0.7),
        (76, 84, 88, 120),
        0.6,
        0.1,
    ) + ellipse(WHITE, 120, 86, 42, 4, 0.6)


@shape(62, 1.2)
def medbox(k: Kit) -> str:
    return k.block(
        50,
        132,
        116,
        72,
        22,
        14,
        PAPER,
        path(k.main, "M40 176q60-26 140-20v60H40z")
        + path(k.accent, "M40 172q60-26 140-20v4q-80-6-140 20z")
        + k.say(96, 148, 74, 11, k.deep)
        + word(k.size, 84, 192, 40, 7, k.on_main)
        + circle(PAPER, 141, 181, 19)
        + k.art(141, 181, 0.74),
    )


@shape(42, 1.16)
def pillbottle(k: Kit) -> str:
    return (
        k.solid(
            rounded(82, 100, 76, 104, 12, 9),
            k.main if not k.own else k.soft,
            rect(k.body, 60, 116, 120, 76) + k.label(88, 116, 64, 76),
            (82, 100, 76, 104),
            0.38,
        )
        + path(WHITE, rounded(86, 70, 68, 32, 6, 3))
        + stroke("#CFD6D9", 1.8, "M96 76v20M106 76v20M116 76v20M126 76v20M136 76v20M145 76v20")
    )


@shape(64, 1.12)
def greeting(k: Kit) -> str:
    return group(
        path("#E9DFCB", rounded(-46, -34, 92, 68, 4, 4)) + stroke("#CDBF9F", 2, "M-44-31L0 4l44-35"), 152, 164, 1, 6
    ) + k.solid(
        rounded(66, 72, 88, 132, 2, 3),
        k.soft,
        path(k.main, rounded(72, 78, 76, 120, 3, 3))
        + path(k.soft, rounded(76, 82, 68, 112, 2, 2))
        + k.art(110, 128, 1.45)
        + k.say(110, 176, 56, 8, k.deep),
        (66, 72, 88, 132),
        0,
        0.04,
    )


@shape(76, 1.06)
def nappies(k: Kit) -> str:
    return stroke(k.main if k.own else k.deep, 6, "M98 82q22-22 44 0") + k.solid(
        "M54 98q-2-16 14-16h104q16 0 14 16 4 44 0 92-1 14-14 14H68q-13 0-14-14-4-48 0-92z",
        k.body,
        k.label(74, 88, 92, 110),
        (52, 82, 136, 122),
        0.28,
        0.09,
    )


@shape(60, 1.18)
def teabox(k: Kit) -> str:
    return (
        k.block(56, 112, 104, 92, 24, 15, k.body, k.label(64, 116, 88, 84))
        + stroke(PAPER, 1.6, "M168 108q14 8 10 34")
        + rect(PAPER, 168, 140, 20, 22, 3)
        + rect(k.accent, 168, 140, 20, 6, 3)
        + group(GLYPHS["leaf"], 178, 154, 0.28)
    )


@shape(72, 1.06)
def bar(k: Kit) -> str:
    wrap = (
        "M-84-27l6 5-6 5 6 6-6 5 6 6-6 6 6 6-6 5 6 5-6 5h18q66 6 132 0"
        "h18l-6-5 6-5-6-5 6-6-6-6 6-6-6-5 6-6-6-5 6-5h-18q-66-6-132 0z"
    )
    ink = k.on_main
    return group(
        k.solid(
            wrap,
            k.main,
            rect(k.soft, 22, -40, 42, 80)
            + rect(k.accent, 20, -40, 3, 80)
            + k.say(-22, -4, 72, 15, ink)
            + word(k.size, -22, 14, 40, 6, ink)
            + k.art(43, 0, 0.9)
            + stroke(WHITE, 1.6, "M-66-30v60M66-30v60", 0.35),
            (-84, -30, 168, 60),
            0,
            0,
        )
        + stroke(WHITE, 4, "M-60-21q56-5 116-1", 0.35),
        120,
        156,
        1,
        -14,
    )


@shape(40)
def lipstick(k: Kit) -> str:
    return (
        path(k.main, "M104 116V78q0-6 20-18 12 2 12 18v38z")
        + path(WHITE, "M110 112V80q0-4 4-6v38z", 0.3)
        + rect(GOLD, 100, 112, 40, 26, 2)
        + k.solid(rounded(94, 136, 52, 68, 3, 5), k.deep, k.say(120, 170, 40, 7, PAPER), (94, 112, 52, 92), 0.3, 0.14)
    )
