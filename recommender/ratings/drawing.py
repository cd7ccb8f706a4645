"""Coordinates of the report's pictures; the template draws them, and a table beside each says the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 640.0, 240.0
# Room for numbers left of and below a picture.
LEFT, BELOW = 56.0, 48.0
ROW = 46.0


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers within ``low`` and ``high``, one, two or five of a power of ten apart."""
    if not high > low:
        return [low]
    step = 10 ** math.floor(math.log10((high - low) / about))
    step *= next(times for times in (1, 2, 5, 10) if (high - low) / (step * times) <= about)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 10) for n in range(first, math.floor(high / step + 1e-9) + 1)]


class Axis:
    """Values between ``low`` and ``high`` on a line from ``start`` to ``end``."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = (low, high) if high > low else (low - 0.5, low + 0.5)
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        """Where a value lies."""
        return round(self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low), 1)

    @property
    def marks(self) -> list[dict[str, Any]]:
        """Round values as they are written, and where they lie."""
        return [{"text": f"{value:,.10g}", "at": self.at(value)} for value in ticks(self.low, self.high)]


def errors(raters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A row a rater: its RMSE and interval."""
    found = [row["all"]["rmse"] for row in raters]
    least, most = min(one["low"] for one in found), max(one["high"] for one in found)
    axis = Axis(least, most, 12, WIDTH - 12)
    rows = [
        {
            "name": row["name"],
            "label": row["label"],
            "y": 18 + ROW * n,
            **{key: axis.at(row["all"]["rmse"][key]) for key in ("low", "value", "high")},
        }
        for n, row in enumerate(raters)
    ]
    return {"rows": rows, "marks": axis.marks, "bottom": ROW * len(rows), "height": ROW * len(rows) + BELOW}


def against(rows: Sequence[dict[str, float]], low: float, high: float) -> dict[str, Any]:
    """Middle and spread of what was predicted, for each rating given."""
    right, up = Axis(low, high, LEFT + 20, WIDTH - 20), Axis(low, high, HEIGHT, 10)
    places = [
        {"x": right.at(row["actual"])} | {key: up.at(row[key]) for key in ("low", "median", "high")} for row in rows
    ]
    ends = {"x1": right.at(low), "y1": up.at(low), "x2": right.at(high), "y2": up.at(high)}
    return {"rows": places, "right": right.marks, "up": up.marks, "ends": ends, "height": HEIGHT + BELOW}


def bars(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    """How often each error occurs."""
    right = Axis(rows[0]["from"], rows[-1]["to"], LEFT, WIDTH - 10)
    up = Axis(0, max(row["n"] for row in rows), HEIGHT, 10)
    places = [
        {
            "x": right.at(row["from"]),
            "width": round(right.at(row["to"]) - right.at(row["from"]) - 1, 1),
            "y": up.at(row["n"]),
            "height": round(HEIGHT - up.at(row["n"]), 1),
        }
        for row in rows
    ]
    return {"rows": places, "right": right.marks, "up": up.marks, "zero": right.at(0), "height": HEIGHT + BELOW}


def curve(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Errors by number of ratings learned from."""
    held = [row[key] for row in rows for key in ("train", "low", "high")]
    right = Axis(0, rows[-1]["ratings"], LEFT, WIDTH - 20)
    up = Axis(min(held) * 0.98, max(held) * 1.02, HEIGHT, 10)

    def line(key: str) -> str:
        return " ".join(f"{right.at(row['ratings'])},{up.at(row[key])}" for row in rows)

    spread = [{"x": right.at(row["ratings"]), "y1": up.at(row["low"]), "y2": up.at(row["high"])} for row in rows]
    lines = {"train": line("train"), "test": line("test")}
    return {**lines, "spread": spread, "right": right.marks, "up": up.marks, "height": HEIGHT + BELOW}
