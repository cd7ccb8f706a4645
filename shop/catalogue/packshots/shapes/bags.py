"""Bags and tubs."""

from __future__ import annotations

from shop.catalogue.packshots.colours import BLACK, STEEL, WHITE
from shop.catalogue.packshots.kit import Kit, shape
from shop.catalogue.packshots.pencils import path, rect, rounded, stroke


@shape(54, 1.06)
def pouch(k: Kit) -> str:
    d = "M80 68h80q-2 10 1 20 8 50 8 102 0 14-14 14H85q-14 0-14-14 0-52 8-102 3-10 1-20z"
    return k.solid(
        d,
        k.body,
        k.label(80, 92, 80, 106) + rect(k.deep, 60, 60, 120, 18, 0, 0.22) + stroke(WHITE, 1.6, "M70 84h100", 0.45),
        (72, 68, 96, 136),
        0.28,
    ) + path(BLACK, "M88 204q32-14 64 0z", 0.1)


@shape(56)
def chips(k: Kit) -> str:
    d = "M72 62q48 8 96 0-5 9-1 16 9 54 0 110-4 8 1 16-48-8-96 0 5-8 1-16-9-56 0-110 4-7-1-16z"
    return k.solid(
        d,
        k.body,
        k.label(78, 82, 84, 104) + stroke(WHITE, 1.4, "M66 70q54 8 108 0M66 195q54-8 108 0", 0.4),
        (68, 62, 104, 142),
        0.26,
    ) + stroke(WHITE, 3, "M84 84q8 6 4 18M152 180q-8-6-4-16", 0.3)


@shape(50, 1.06)
def bag(k: Kit) -> str:
    d = "M78 84l5-16h74l5 16v112q0 8-8 8H86q-8 0-8-8z"
    return (
        k.solid(d, k.body, k.label(82, 92, 76, 106), (78, 84, 84, 120), 0.25, 0.09)
        + path(k.body, "M78 86l5-18h74l5 18z")
        + path(WHITE, "M78 86l5-18h74l5 18z", 0.35)
        + stroke(k.deep, 1.6, "M84 76h72", 0.4)
    )


@shape(48)
def coffeebag(k: Kit) -> str:
    d = "M84 62h72l4 16 4 118q0 8-8 8H84q-8 0-8-8l4-118z"
    return (
        k.solid(
            d, k.body, k.label(84, 86, 72, 112) + path(BLACK, "M60 60h24l4 150H60z", 0.08), (76, 62, 88, 142), 0.2, 0.12
        )
        + rect(k.deep, 78, 64, 84, 9, 4)
        + rect(k.accent, 78, 64, 10, 9, 4)
        + rect(k.accent, 152, 64, 10, 9, 4)
    )


@shape(62)
def petbag(k: Kit) -> str:
    d = "M68 56q52 8 104 0l-3 18q8 60 6 122 0 8-8 8H73q-8 0-8-8-2-62 6-122z"
    return k.solid(
        d,
        k.body,
        k.label(74, 76, 92, 120) + stroke(WHITE, 2, "M60 68q60 8 120 0", 0.45),
        (64, 56, 112, 148),
        0.24,
        0.11,
    )


@shape(60, 1.22)
def tub(k: Kit) -> str:
    return (
        k.solid(
            "M70 128h100l-8 68q-1 8-8 8H86q-7 0-8-8z", k.body, k.label(80, 134, 80, 66), (70, 128, 100, 76), 0.36, 0.11
        )
        + path(k.cap, rounded(63, 112, 114, 19, 6, 4))
        + rect(WHITE, 63, 112, 114, 5, 3, 0.35)
    )


@shape(52, 1.12)
def pint(k: Kit) -> str:
    return (
        k.solid(
            "M74 96h92l-7 100q-1 8-8 8H89q-7 0-8-8z", k.body, k.label(82, 100, 76, 98), (74, 96, 92, 108), 0.36, 0.11
        )
        + path(k.cap, rounded(68, 76, 104, 23, 7, 4))
        + rect(WHITE, 68, 76, 104, 6, 3, 0.35)
    )


@shape(42, 1.2)
def cup(k: Kit) -> str:
    return (
        k.solid(
            "M84 112h72l-8 86q-1 6-6 6H98q-5 0-6-6z", k.body, k.label(91, 116, 58, 82), (84, 112, 72, 92), 0.4, 0.11
        )
        + path(STEEL, "M78 104q42-7 84 0l2 9q-44 4-88 0z")
        + path(k.accent, "M82 105q38-6 76 0l1 3q-39-5-78 0z")
        + path(STEEL, "M160 108q12 2 12 9-8 2-14-4z")
    )
