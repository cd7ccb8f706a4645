"""Tins, jars and boxes."""

from __future__ import annotations

from shop.catalogue.packshots.colours import BLACK, FOREST, GOLD, MIST, PAPER, RED, STEEL, WHITE
from shop.catalogue.packshots.kit import GLYPHS, Kit, shape
from shop.catalogue.packshots.lettering import word
from shop.catalogue.packshots.pencils import circle, dots, ellipse, group, path, rect, rounded, shine, stroke


@shape(52, 1.14)
def tin(k: Kit) -> str:
    return (
        k.solid(rounded(78, 88, 84, 116, 3, 5), k.body, k.label(82, 95, 76, 102), (78, 84, 84, 120), 0.34, 0.13)
        + ellipse(STEEL, 120, 88, 42, 8)
        + ellipse(MIST, 120, 87, 38, 6)
        + stroke(STEEL, 1.6, "M112 87h16")
        + stroke(STEEL, 3.4, "M80 201q40 6 80 0")
    )


@shape(66, 1.24)
def flattin(k: Kit) -> str:
    return (
        k.solid("M58 142v50q0 12 62 12t62-12v-50z", k.body, k.label(76, 152, 88, 48), (58, 140, 124, 64), 0.34, 0.13)
        + ellipse(STEEL, 120, 142, 62, 20)
        + ellipse(k.soft, 120, 140, 55, 16)
        + group(GLYPHS[k.glyph], 114, 139, 0.55)
        + stroke(STEEL, 3, "M150 136q14 3 4 9-12 1-10-5z")
    )


@shape(52, 1.14)
def jar(k: Kit) -> str:
    inside = {
        "pickle": "#9FB35C",
        "olive": "#8E9A46",
        "honey": "#E2A22E",
        "jam": "#A8283A",
        "nut": "#B97F3F",
        "tomato": "#C9412B",
        "chili": "#C9412B",
        "coffee": "#5B3823",
        "garlic": "#EEE6D6",
    }.get(k.glyph, k.soft)
    return (
        k.solid(
            rounded(76, 92, 88, 112, 16, 14),
            inside,
            rect(k.body, 60, 118, 120, 70) + k.label(84, 119, 72, 68),
            (76, 92, 88, 112),
            0.42,
            0.12,
        )
        + path(k.cap, rounded(82, 68, 76, 26, 5, 3))
        + stroke(BLACK, 1.5, "M96 74v14M108 74v14M120 74v14M132 74v14M144 74v14", 0.13)
        + rect(WHITE, 85, 71, 5, 20, 2, 0.4)
    )


@shape(36, 1.18)
def shaker(k: Kit) -> str:
    return (
        k.solid(
            rounded(92, 104, 56, 100, 8, 6),
            k.soft if k.own else "#D9B48A",
            rect(k.body, 80, 122, 80, 70) + k.label(95, 123, 50, 68),
            (92, 104, 56, 100),
            0.4,
            0.12,
        )
        + path(k.deep, rounded(94, 74, 52, 32, 8, 2))
        + dots(PAPER, 1.5, (108, 84), (120, 82), (132, 84), (114, 90), (126, 90))
        + rect(WHITE, 98, 78, 5, 24, 2, 0.3)
    )


@shape(58, 1.05)
def box(k: Kit) -> str:
    return k.block(66, 68, 88, 136, 20, 12, k.body, k.label(72, 76, 76, 122))


@shape(50, 1.2)
def smallbox(k: Kit) -> str:
    return k.block(76, 102, 72, 102, 18, 11, k.body, k.label(80, 107, 64, 92))


@shape(78, 1.1)
def flatbox(k: Kit) -> str:
    return k.block(44, 120, 132, 84, 22, 14, k.body, k.label(56, 124, 108, 76))


@shape(70, 1.22)
def brick(k: Kit) -> str:
    return k.block(54, 144, 116, 60, 26, 16, k.body, k.label(66, 146, 92, 56)) + stroke(
        BLACK, 1.2, "M170 144l13 22-13 38M196 128l-13 38 13 22", 0.16
    )


@shape(72)
def pizzabox(k: Kit) -> str:
    pie = (
        circle("#B9793A", 116, 146, 43)
        + circle(GOLD, 116, 146, 37)
        + dots(RED, 6, (98, 134), (122, 122), (138, 142), (124, 166), (98, 160), (114, 146))
        + dots(FOREST, 2, (110, 132), (132, 156), (104, 172), (88, 148))
        + shine("M84 134q6-16 20-22", 3)
    )
    return k.block(
        50,
        72,
        132,
        132,
        12,
        8,
        k.body,
        rect(k.accent, 40, 96, 160, 2.5)
        + circle(BLACK, 117, 148, 46, 0.16)
        + pie
        + k.say(116, 84, 104, 11, k.on_body)
        + word(k.size, 165, 196, 26, 6, k.on_body),
    )
