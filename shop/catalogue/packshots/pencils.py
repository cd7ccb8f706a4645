"""SVG elements as text, written as short as they go; ``opacity`` 1 is not written."""

from __future__ import annotations

from shop.catalogue.packshots.colours import WHITE


def number(value: float) -> str:
    """At most one decimal, no trailing zeros."""
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _opacity(value: float) -> str:
    return f' opacity="{value:g}"'.replace("0.", ".") if value != 1 else ""


def path(fill: str, d: str, opacity: float = 1) -> str:
    """A filled outline."""
    return f'<path fill="{fill}" d="{d}"{_opacity(opacity)}/>'


def stroke(colour: str, width: float, d: str, opacity: float = 1) -> str:
    """A line."""
    return f'<path fill="none" stroke="{colour}" stroke-width="{number(width)}" d="{d}"{_opacity(opacity)}/>'


def circle(fill: str, x: float, y: float, r: float, opacity: float = 1) -> str:
    """A disc."""
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(r)}" fill="{fill}"{_opacity(opacity)}/>'


def ellipse(fill: str, x: float, y: float, rx: float, ry: float, opacity: float = 1) -> str:
    """An oval."""
    radii = f'rx="{number(rx)}" ry="{number(ry)}"'
    return f'<ellipse cx="{number(x)}" cy="{number(y)}" {radii} fill="{fill}"{_opacity(opacity)}/>'


def rect(fill: str, x: float, y: float, w: float, h: float, r: float = 0, opacity: float = 1) -> str:
    """A rectangle with corners of radius ``r``."""
    corner = f' rx="{number(r)}"' if r else ""
    where = f'x="{number(x)}" y="{number(y)}" width="{number(w)}" height="{number(h)}"'
    return f'<rect {where}{corner} fill="{fill}"{_opacity(opacity)}/>'


def group(inner: str, x: float = 0, y: float = 0, scale: float = 1, turn: float = 0) -> str:
    """``inner`` moved, turned and scaled."""
    move = f"translate({number(x)} {number(y)})"
    if turn:
        move += f"rotate({turn})"
    if scale != 1:
        move += f"scale({number(scale)})"
    return f'<g transform="{move}">{inner}</g>'


def dots(fill: str, r: float, *points: tuple[float, float]) -> str:
    """Round dots in one path: cheap seeds, holes and pearls."""
    return stroke(fill, 2 * r, "".join(f"M{number(x)} {number(y)}h0" for x, y in points))


def rounded(x: float, y: float, w: float, h: float, top: float = 6, bottom: float | None = None) -> str:
    """Outline of a box whose upper and lower corners have radii of their own."""
    n, low = number, top if bottom is None else bottom
    return (
        f"M{n(x)} {n(y + top)}q0-{n(top)} {n(top)}-{n(top)}h{n(w - 2 * top)}q{n(top)} 0 {n(top)} {n(top)}v{n(h - top - low)}"
        f"q0 {n(low)}-{n(low)} {n(low)}h-{n(w - 2 * low)}q-{n(low)} 0-{n(low)}-{n(low)}z"
    )


def shine(d: str, width: float = 2.4) -> str:
    """A highlight."""
    return stroke(WHITE, width, d, 0.55)
