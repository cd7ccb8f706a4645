"""Fresh goods: trays, nets, bunches, punnets."""

from __future__ import annotations

from shop.catalogue.packshots.colours import BLACK, WHITE
from shop.catalogue.packshots.kit import GLYPHS, Kit, shape
from shop.catalogue.packshots.lettering import word
from shop.catalogue.packshots.pencils import ellipse, group, path, rect, rounded, shine, stroke


@shape(82, 1.12)
def tray(k: Kit) -> str:
    return (
        path("#F7F4EE", rounded(40, 108, 160, 96, 20, 20))
        + path(BLACK, rounded(40, 108, 160, 96, 20, 20), 0.04)
        + path("#E9E4DA", rounded(50, 116, 140, 78, 14, 14))
        + k.copies(1.8, (92, 150, -8), (149, 154, 6))
        + stroke(WHITE, 5, "M58 150l30-34M66 166l44-50", 0.5)
        + k.ticket(158, 186, 62, 30, -3)
    )


@shape(78, 1.12)
def eggbox(k: Kit) -> str:
    eggs = "".join(
        ellipse("#EBC9A4" if i % 2 else "#F3DDC2", x, 128, 15, 19) + shine(f"M{x - 7} 124q1-6 5-8")
        for i, x in enumerate((70, 103, 137, 170))
    )
    return (
        eggs
        + k.solid(
            "M46 136h148l-6 58q-1 10-10 10H62q-9 0-10-10z",
            "#C9C2B2" if not k.own else "#D8D0BE",
            rect(BLACK, 40, 136, 160, 5, 0, 0.08) + k.ticket(120, 171, 92, 44),
            (46, 136, 148, 68),
            0.25,
            0.08,
        )
        + stroke(BLACK, 1.6, "M83 138v8M120 138v8M157 138v8", 0.15)
    )


@shape(58)
def net(k: Kit) -> str:
    pile = k.copies(
        1.25,
        (98, 128, 0),
        (142, 126, 20),
        (86, 158, -20),
        (122, 150, 10),
        (154, 160, 30),
        (104, 184, 0),
        (138, 184, -10),
    )
    mesh = "".join(f"M{x} 80l70 130M{x + 70} 80l-70 130" for x in range(20, 170, 22))
    return (
        k.solid(
            "M120 74c-6 14-56 34-56 86 0 32 24 44 56 44s56-12 56-44c0-52-50-72-56-86z",
            k.soft,
            pile + stroke(k.main, 1.2, mesh, 0.75),
            (64, 74, 112, 130),
            0.2,
            0.1,
        )
        + path(k.main, "M112 82l-6-24h28l-6 24z")
        + k.ticket(120, 60, 68, 32)
    )


@shape(50)
def bunch(k: Kit) -> str:
    return (
        k.copies(2.3, (84, 128, -24), (156, 128, 24), (102, 146, -8), (138, 146, 8))
        + path(k.main, rounded(93, 172, 54, 17, 5, 5))
        + word(k.brand, 120, 180.5, 46, 6, k.on_main, 1.2)
    )


@shape(64, 1.04)
def pile(k: Kit) -> str:
    return k.copies(2.3, (120, 112, -6), (85, 160, -12), (155, 161, 10)) + k.ticket(120, 190, 58, 27)


@shape(60)
def single(k: Kit) -> str:
    return group(GLYPHS[k.glyph], 120, 132, 3.9) + k.ticket(158, 184, 56, 27, -4)


@shape(68, 1.12)
def punnet(k: Kit) -> str:
    fill = k.copies(
        1.2, (82, 130, -12), (120, 124, 6), (158, 130, 14), (98, 160, 8), (140, 160, -8), (72, 166, 0), (168, 166, 10)
    )
    return (
        k.solid("M50 112q70-16 140 0l-10 84q-1 8-9 8H69q-8 0-9-8z", "#E6EEF0", fill, (50, 104, 140, 100), 0.4, 0.06)
        + stroke(WHITE, 4, "M48 124q72-14 144 0", 0.7)
        + k.ticket(120, 186, 78, 30)
    )


@shape(70, 1.06)
def vacpack(k: Kit) -> str:
    row = k.copies(1.15, *((x, y, 0) for y in (148, 180) for x in (84, 122, 160)))
    return k.solid(
        rounded(54, 70, 132, 134, 8, 8),
        "#F3E7DF",
        row
        + rect(k.body, 40, 70, 160, 56)
        + rect(k.accent, 40, 126, 160, 3)
        + k.say(120, 92, 104, 14, k.on_body)
        + word(k.size, 120, 112, 50, 7, k.on_body)
        + stroke(WHITE, 1.4, "M54 197h132M54 77h132", 0.6),
        (54, 70, 132, 134),
        0.22,
        0.08,
    ) + stroke(WHITE, 4, "M70 190l40-56M86 194l30-40", 0.35)


@shape(62, 1.18)
def delitub(k: Kit) -> str:
    return (
        k.solid(
            "M66 116h108l-8 78q-1 10-10 10H84q-9 0-10-10z",
            "#EEF2F0",
            k.copies(1.65, (90, 160, -8), (150, 160, 8), (120, 180, 0), (84, 196, 20), (156, 196, -10)),
            (66, 116, 108, 88),
            0.45,
            0.06,
        )
        + path("#E2EAEA", rounded(58, 100, 124, 20, 7, 4))
        + rect(WHITE, 58, 100, 124, 6, 3, 0.6)
        + k.ticket(120, 146, 76, 34)
    )
