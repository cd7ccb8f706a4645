"""Layouts of printed labels: a brand always has the same one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop.catalogue.packshots.colours import PAPER
from shop.catalogue.packshots.lettering import Lettering, word
from shop.catalogue.packshots.pencils import circle, path, rect

if TYPE_CHECKING:
    from shop.catalogue.packshots.kit import Kit


@dataclass(frozen=True)
class Zone:
    """Where a label goes."""

    x: float
    y: float
    w: float
    h: float

    @property
    def middle(self) -> float:
        """Middle of its width."""
        return self.x + self.w / 2

    @property
    def left(self) -> float:
        """Where a band begins that runs over the edges."""
        return self.x - 40

    @property
    def across(self) -> float:
        """Width of such a band."""
        return self.w + 80

    @property
    def art(self) -> float:
        """Scale at which a glyph fills it."""
        return min(self.w * 0.92, self.h * 0.5) / 40

    def at(self, share: float) -> float:
        """The height at ``share`` from its top."""
        return self.y + self.h * share


def _size(kit: Kit, zone: Zone, share: float, ink: str) -> str:
    return word(kit.size, zone.middle, zone.at(share), zone.w * 0.7, min(7, zone.h * 0.08), ink)


def own(kit: Kit, z: Zone) -> str:
    """The shop's own label: quiet paper, one coloured foot, a thin rule."""
    quiet = Lettering(1.2, 0, 2.2)
    return (
        rect(PAPER, z.left, z.y - 4, z.across, z.h + 60)
        + rect(kit.main, z.left, z.at(0.8), z.across, z.h)
        + rect(kit.accent, z.left, z.at(0.8), z.across, 2.5)
        + word(kit.brand, z.middle, z.at(0.12), z.w * 0.78, z.h * 0.08, kit.deep, style=quiet)
        + kit.art(z.middle, z.at(0.47), z.art)
        + _size(kit, z, 0.9, PAPER)
    )


def disc(kit: Kit, z: Zone) -> str:
    """A light disc on the pack's colour."""
    return (
        circle(kit.soft, z.middle, z.at(0.55), min(z.w * 0.46, z.h * 0.3))
        + kit.say(z.middle, z.at(0.13), z.w * 0.86, z.h * 0.1, kit.on_main)
        + kit.art(z.middle, z.at(0.55), z.art * 0.86)
        + _size(kit, z, 0.95, kit.on_main)
    )


def dip(kit: Kit, z: Zone) -> str:
    """Colour above, paper below, met in a curve."""
    edge = (
        f"M{z.left:g} {z.at(0.3):g}Q{z.middle:g} {z.at(0.48):g} {z.left + z.across:g} {z.at(0.3):g}"
        f"v{z.h * 0.7:g}h-{z.across:g}z"
    )
    return (
        path(PAPER, edge)
        + rect(kit.deep, z.left, z.y + z.h, z.across, 3, 0, 0.35)
        + kit.say(z.middle, z.at(0.16), z.w * 0.86, z.h * 0.11, kit.on_main)
        + kit.art(z.middle, z.at(0.63), z.art * 0.95)
        + _size(kit, z, 0.93, kit.deep)
    )


def band(kit: Kit, z: Zone) -> str:
    """A paper band between two rules."""
    return (
        rect(PAPER, z.left, z.y, z.across, z.h)
        + rect(kit.accent, z.left, z.y + 2, z.across, 2.2)
        + rect(kit.accent, z.left, z.y + z.h - 4.2, z.across, 2.2)
        + kit.say(z.middle, z.at(0.18), z.w * 0.84, z.h * 0.11, kit.deep)
        + kit.art(z.middle, z.at(0.54), z.art)
        + _size(kit, z, 0.88, kit.deep)
    )


def arch(kit: Kit, z: Zone) -> str:
    """An arched window."""
    r = z.w * 0.42
    foot = f"V{z.at(0.98):g}z"
    window = f"M{z.middle - r:g} {z.at(0.98):g}V{z.at(0.22) + r:g}a{r:g} {r:g} 0 0 1 {2 * r:g} 0{foot}"
    return (
        path(kit.soft, window)
        + kit.say(z.middle, z.at(0.1), z.w * 0.88, z.h * 0.1, kit.on_main)
        + kit.art(z.middle, z.at(0.58), z.art * 0.84)
        + _size(kit, z, 0.91, kit.deep)
    )


def panel(kit: Kit, z: Zone) -> str:
    """A paper panel with a rule under the brand."""
    return (
        rect(PAPER, z.x, z.y, z.w, z.h, min(6, z.w * 0.1))
        + rect(kit.accent, z.x + z.w * 0.3, z.at(0.25), z.w * 0.4, 1.8, 0.9)
        + kit.say(z.middle, z.at(0.15), z.w * 0.8, z.h * 0.1, kit.deep)
        + kit.art(z.middle, z.at(0.56), z.art * 0.92)
        + _size(kit, z, 0.9, kit.deep)
    )


LAYOUTS: dict[str, Callable[[Kit, Zone], str]] = {
    "own": own,
    "disc": disc,
    "dip": dip,
    "band": band,
    "arch": arch,
    "panel": panel,
}
