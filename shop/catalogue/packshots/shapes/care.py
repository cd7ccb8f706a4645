"""Home and care."""

from __future__ import annotations

from shop.catalogue.packshots.colours import BLACK, STEEL, WHITE
from shop.catalogue.packshots.kit import Kit, shape
from shop.catalogue.packshots.lettering import word
from shop.catalogue.packshots.pencils import ellipse, path, rect, rounded, stroke


@shape(34)
def tube(k: Kit) -> str:
    return (
        k.solid("M82 62h76l-12 118H94z", k.body, k.label(92, 70, 56, 104), (84, 60, 72, 120), 0.4)
        + rect(k.body, 80, 54, 80, 12, 2)
        + rect(WHITE, 80, 54, 80, 12, 2, 0.35)
        + path(k.cap, rounded(96, 178, 48, 26, 3, 5))
        + stroke(BLACK, 1.5, "M106 184v14M115 184v14M124 184v14M133 184v14", 0.14)
    )


@shape(46)
def spray(k: Kit) -> str:
    head = "M104 100V86h-8q-4 0-4-4l-14-2V62h46q20 0 30 16l-6 4q-6-6-12-6l4 24z"
    return (
        k.solid(
            "M90 204q-9 0-9-9v-50q0-20 20-34l3-13h34l3 13q20 14 20 34v50q0 9-9 9z",
            k.body,
            k.label(86, 126, 68, 70),
            (81, 98, 80, 106),
            0.36,
        )
        + path(k.cap, head)
        + path(BLACK, "M124 62q20 0 30 16l-6 4q-8-8-24-8z", 0.12)
        + rect(k.deep, 70, 64, 10, 14, 2)
        + rect(WHITE, 84, 64, 34, 4, 2, 0.45)
    )


@shape(38)
def aerosol(k: Kit) -> str:
    return (
        k.solid(rounded(90, 90, 60, 114, 16, 5), k.body, k.label(94, 100, 52, 98), (90, 90, 60, 114), 0.4, 0.12)
        + path(k.cap, rounded(95, 54, 50, 40, 12, 2))
        + rect(WHITE, 100, 60, 5, 30, 2, 0.4)
        + stroke(STEEL, 3, "M93 202q27 5 54 0")
    )


@shape(74, 1.12)
def rolls(k: Kit) -> str:
    def one(x: float) -> str:
        return (
            path("#F4F1EA", rounded(x, 98, 58, 106, 2, 12))
            + ellipse(WHITE, x + 29, 98, 29, 11)
            + ellipse("#D8CFC0", x + 29, 98, 10, 4)
            + stroke("#E3DDD0", 1.2, f"M{x + 8} 98q21-13 42 0")
        )

    return (
        one(62)
        + one(122)
        + k.solid(rounded(58, 122, 126, 70, 5, 5), k.body, k.label(76, 123, 90, 68), (58, 122, 126, 70), 0.3, 0.1)
    )


@shape(46)
def towel(k: Kit) -> str:
    return (
        path("#F4F1EA", rounded(80, 66, 80, 138, 2, 14))
        + ellipse(WHITE, 120, 66, 40, 13)
        + ellipse("#D8CFC0", 120, 66, 13, 5)
        + k.solid(rounded(78, 96, 84, 92, 4, 4), k.body, k.label(84, 98, 72, 88), (78, 96, 84, 92), 0.34, 0.12)
    )


@shape(58)
def detergent(k: Kit) -> str:
    d = "M72 204q-9 0-9-9v-70q0-20 16-30l12-8h38q16 0 25 12l18 26q6 9 6 20v50q0 9-9 9z"
    return (
        k.solid(d, k.body, k.label(68, 122, 74, 76), (63, 87, 116, 117), 0.32)
        + stroke(k.tint, 13, "M148 122q13 16 13 32v10")
        + path(k.cap, rounded(84, 58, 52, 32, 6, 2))
        + stroke(BLACK, 1.6, "M94 64v20M104 64v20M114 64v20M124 64v20", 0.13)
        + rect(WHITE, 87, 61, 5, 26, 2, 0.4)
    )


@shape(46, 1.06)
def dishsoap(k: Kit) -> str:
    d = "M90 204q-10 0-10-10v-48q0-11 7-19 7-8 7-20V88h52v19q0 12 7 20 7 8 7 19v48q0 10-10 10z"
    return (
        k.solid(
            d,
            k.main if not k.own else k.soft,
            rect(k.body, 60, 132, 120, 58) + k.label(86, 130, 68, 62),
            (80, 88, 80, 116),
            0.4,
        )
        + path(k.cap, "M100 90l5-20h30l5 20z")
        + rect(k.cap, 110, 52, 20, 20, 5)
        + rect(WHITE, 112, 54, 4, 34, 2, 0.45)
    )


@shape(46, 1.1)
def pump(k: Kit) -> str:
    return (
        k.solid(rounded(80, 104, 80, 100, 22, 12), k.body, k.label(87, 116, 66, 80), (80, 104, 80, 100), 0.38)
        + path(k.cap, "M104 106V92h32v14zM115 92V74h10v18zM78 66q0-8 8-8h42q10 0 10 9t-10 9H90q-4 0-4 6h-8z")
        + rect(WHITE, 88, 60, 38, 4, 2, 0.45)
    )


@shape(42, 1.08)
def shampoo(k: Kit) -> str:
    return (
        k.solid("M84 74q36-16 72 0l-7 106H91z", k.body, k.label(92, 78, 56, 98), (84, 64, 72, 116), 0.4)
        + path(k.cap, rounded(90, 178, 60, 26, 3, 8))
        + rect(WHITE, 94, 182, 5, 18, 2, 0.4)
    )


@shape(40, 1.1)
def stick(k: Kit) -> str:
    return (
        k.solid(rounded(86, 120, 68, 84, 6, 12), k.body, k.label(92, 124, 56, 76), (86, 120, 68, 84), 0.38)
        + path(k.cap, rounded(88, 64, 64, 58, 24, 2))
        + rect(WHITE, 94, 74, 5, 42, 2, 0.4)
        + rect(BLACK, 136, 70, 16, 52, 0, 0.08)
    )


@shape(46)
def blister(k: Kit) -> str:
    ink = k.on_body
    return (
        k.solid(
            rounded(74, 48, 92, 156, 8, 8),
            k.body,
            path(k.tint, rounded(110, 54, 20, 7, 3, 3))
            + k.say(120, 78, 74, 10, ink)
            + word(k.size, 120, 94, 40, 6, ink)
            + rect(k.main if k.own else k.deep, 60, 190, 120, 20),
            (74, 48, 92, 156),
            0,
            0.06,
        )
        + path(WHITE, rounded(88, 104, 64, 80, 16, 16), 0.9)
        + path(k.soft, rounded(92, 108, 56, 72, 13, 13))
        + k.art(120, 144, 1.35)
        + stroke(WHITE, 4, "M97 132q0-18 12-19", 0.8)
    )
