"""Cartons, bottles and cans."""

from __future__ import annotations

from shop.catalogue.packshots.colours import BLACK, MIST, PAPER, STEEL, WHITE
from shop.catalogue.packshots.kit import Kit, shape
from shop.catalogue.packshots.lettering import word
from shop.catalogue.packshots.pencils import circle, ellipse, path, rect, rounded, stroke


@shape(52, 1.05)
def carton(k: Kit) -> str:
    return (
        rect(k.cap, 86, 46, 66, 16, 3)
        + rect(WHITE, 86, 46, 66, 5, 2, 0.35)
        + path(k.body, "M76 92L88 60h62l-6 32z")
        + path(WHITE, "M76 92L88 60h62l-6 32z", 0.25)
        + path(k.body, "M144 92l6-32 18 32z")
        + path(BLACK, "M144 92l6-32 18 32z", 0.25)
        + circle(PAPER, 114, 77, 9)
        + circle(k.cap, 114, 76, 7)
        + path(k.body, "M144 92h24v108l-24 4z")
        + path(BLACK, "M144 92h24v108l-24 4z", 0.17)
        + k.solid("M76 92h68v112H79q-3 0-3-3z", k.body, k.label(79, 98, 62, 100), (76, 92, 68, 112), 0, 0)
        + rect(WHITE, 76, 92, 3, 112, 0, 0.3)
    )


@shape(56)
def jug(k: Kit) -> str:
    d = "M74 132q0-24 24-38l2-20h36l2 20q28 14 28 42v58q0 10-10 10H84q-10 0-10-10z"
    return (
        k.solid(
            d,
            "#F4F2EC" if k.glyph == "drop" else k.soft,
            rect(k.body, 60, 126, 120, 66) + k.label(80, 127, 58, 64),
            (74, 70, 92, 134),
            0.7,
            0.1,
        )
        + stroke(BLACK, 9, "M148 116q4 6 4 14v18", 0.13)
        + rect(k.cap, 96, 56, 44, 20, 5)
        + rect(WHITE, 100, 59, 5, 14, 2, 0.45)
    )


@shape(44)
def bottle(k: Kit) -> str:
    d = "M98 204q-9 0-9-9v-73q0-16 15-32V60h32v30q15 16 15 32v73q0 9-9 9z"
    glass = k.soft if k.glyph in ("water", "fizz") else k.main
    return (
        k.solid(d, glass, rect(k.body, 60, 116, 120, 74) + k.label(93, 118, 54, 70), (89, 60, 62, 144), 0.45)
        + rect(k.cap, 102, 44, 36, 18, 4)
        + stroke(BLACK, 1.4, "M110 48v10M118 48v10M126 48v10", 0.14)
        + rect(WHITE, 105, 46, 4, 13, 2, 0.4)
    )


@shape(40)
def wine(k: Kit) -> str:
    d = "M98 204q-7 0-7-7v-79q0-16 16-26V44h26v48q16 10 16 26v79q0 7-7 7z"
    glass = {"rose": "#D9838A", "marigold": "#A9A24E", "oat": "#A9A24E"}.get(k.palette, "#33402F")
    return k.solid(
        d,
        glass,
        rect(k.deep, 90, 30, 60, 44)
        + rect(k.accent, 90, 72, 60, 2.5)
        + rect(PAPER, 80, 122, 80, 62)
        + rect(k.accent, 80, 126, 80, 1.6)
        + k.say(120, 136, 46, 7, k.deep)
        + k.art(120, 157, 0.72)
        + word(k.size, 120, 177, 30, 5, k.deep),
        (91, 40, 58, 164),
        0.22,
        0.16,
    )


@shape(40)
def beer(k: Kit) -> str:
    d = "M102 204q-7 0-7-7v-68q0-17 13-30l3-43h18l3 43q13 13 13 30v68q0 7-7 7z"
    return (
        k.solid(
            d,
            "#8C5A2A" if k.glyph != "fizz" else "#5E8C64",
            rect(k.main, 80, 66, 80, 26) + rect(k.body, 80, 128, 80, 62) + k.label(98, 129, 44, 60),
            (95, 56, 50, 148),
            0.35,
            0.14,
        )
        + path(k.accent, "M107 56l2-12h22l2 12q-13 5-26 0z")
        + path(WHITE, "M109 44h8l-1 12h-9z", 0.35)
    )


@shape(44)
def soda(k: Kit) -> str:
    d = "M100 204q-11-1-10-12l3-15q-7-8-7-20v-36q0-20 20-38V58h28v25q20 18 20 38v36q0 12-7 20l3 15q1 11-10 12z"
    liquid = "#4A2C1E" if k.glyph in ("fizz", "cola") else k.soft
    return (
        k.solid(d, liquid, rect(k.body, 60, 112, 120, 56) + k.label(89, 111, 62, 58), (86, 56, 68, 148), 0.35, 0.12)
        + rect(k.cap, 103, 44, 34, 16, 4)
        + rect(WHITE, 106, 46, 4, 12, 2, 0.45)
    )


@shape(46, 1.1)
def can(k: Kit) -> str:
    return (
        path(STEEL, "M91 76l5-11h48l5 11z")
        + ellipse(MIST, 120, 65, 24, 3)
        + k.solid(rounded(86, 74, 68, 130, 9, 10), k.body, k.label(90, 84, 60, 108), (86, 74, 68, 130), 0.38, 0.13)
        + rect(STEEL, 93, 200, 54, 4, 2)
    )


@shape(78, 1.06)
def canpack(k: Kit) -> str:
    return k.block(46, 108, 130, 96, 22, 14, k.body, k.label(58, 114, 106, 88)) + stroke(k.deep, 6, "M104 101h26", 0.4)


@shape(80, 1.08)
def multipack(k: Kit) -> str:
    clear = k.soft if k.glyph in ("water", "fizz", "drop") else k.main
    one = (
        path(clear, rounded(-20, 100, 40, 104, 16, 6))
        + rect(clear, -7, 84, 14, 18)
        + rect(k.cap, -9, 76, 18, 12, 3)
        + rect(WHITE, -15, 106, 4, 92, 2, 0.5)
    )
    row = f'<defs><g id="{k.uid}b">{one}</g></defs>' + "".join(
        f'<use href="#{k.uid}b" x="{x}"/>' for x in (72, 98, 142, 168, 120)
    )
    return row + k.solid(
        rounded(48, 118, 144, 78, 6, 6), k.body, k.label(72, 120, 96, 74), (48, 118, 144, 78), 0.3, 0.1
    )
