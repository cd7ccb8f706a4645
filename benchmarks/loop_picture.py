"""The picture of :mod:`benchmarks.feedback_loop`, as SVG: a panel a figure, a line an arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

# Arm to the rounds of each world; a round has the figures that PANELS names.
Found = Mapping[str, Sequence[Sequence[Any]]]

PANELS = {
    "coverage": "Share of the catalogue shown in ten rounds",
    "gini": "Gini of impressions",
    "value": "True clicks, as a share of the best slates'",
    "unseen": "Share of new products never shown",
}
STYLES = {
    "no guard": "#b3261e",
    "debiasing alone": "#b06000",
    "exploration alone": "#1a73e8",
    "guard": "#137333",
}
WIDE, HIGH, LEFT, TOP = 380, 190, 44, 30


def draw(found: Found, path: Path) -> None:
    """The picture, as SVG: each figure over the rounds, a line an arm, mean over worlds."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDE + 40} {2 * HIGH + 140}" font-family="sans-serif"'
    label = "Four figures over a hundred retrainings, with and without the guard"
    parts = [
        f'{head} font-size="11" role="img" aria-label="{label}">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, (name, title) in enumerate(PANELS.items()):
        x, y = LEFT + (number % 2) * (WIDE + 10), TOP + (number // 2) * (HIGH + 50)
        parts += _panel(found, name, title, x, y)
    for number, arm in enumerate(found):
        x, y = LEFT + number * 180, 2 * HIGH + 120
        parts.append(
            f'<path d="M{x} {y - 4}h24" stroke="{STYLES[arm]}" stroke-width="2"/><text x="{x + 30}" y="{y}">{arm}</text>'
        )
    path.write_text("".join(parts) + "</svg>\n")


def _panel(found: Found, name: str, title: str, x: int, y: int) -> list[str]:
    wide = WIDE - LEFT
    parts = [f'<text x="{x}" y="{y - 10}" font-weight="bold">{title}</text>']
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = y + HIGH * (1 - tick)
        parts.append(
            f'<path d="M{x} {at:.1f}h{wide}" stroke="#ddd"/><text x="{x - 6}" y="{at + 4:.1f}" text-anchor="end">{tick:g}</text>'
        )
    for arm, worlds in found.items():
        means = np.mean([[getattr(row, name) for row in rows] for rows in worlds], axis=0)
        step = wide / max(len(means) - 1, 1)
        line = " ".join(f"{x + place * step:.1f},{y + HIGH * (1 - value):.1f}" for place, value in enumerate(means))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{STYLES[arm]}" stroke-width="1.6"/>')
    parts.append(f'<text x="{x}" y="{y + HIGH + 14}">1</text>')
    parts.append(f'<text x="{x + wide}" y="{y + HIGH + 14}" text-anchor="end">{len(means)} retrainings</text>')
    return parts
