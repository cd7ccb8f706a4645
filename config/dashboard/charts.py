"""Charts as figures that templates draw in SVG on the server.

Drawn without a script they follow the theme, print, and need no permission of a content policy; every one carries its own table.
Coordinates are in a box of :data:`WIDTH` by :data:`HEIGHT`, stretched by the browser.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 270.0
MINUS = "\u2212"
HEIGHT = 200.0


@dataclass(frozen=True)
class Tick:
    """A line of the grid: its place in per cent of the chart, and its label."""

    place: float
    label: str


@dataclass(frozen=True)
class LineChart:
    """One series and the one before it.

    Attributes:
        title, unit: what is drawn, and in what.
        line, before, area: points of the polylines.
        ticks: horizontal grid, bottom to top; ``place`` from the top.
        dates: labels under the chart; ``place`` from the left.
        rows: the table: label, value, value before.
        note: a sentence under the chart.
    """

    title: str
    unit: str
    line: str
    before: str
    area: str
    ticks: list[Tick]
    dates: list[Tick]
    rows: list[tuple[str, str, str]]
    note: str = ""
    headers: tuple[str, str, str] = ("", "", "")


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten at or above ``value``; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= value * 0.999999)


_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def grid_top(values: Sequence[float]) -> float:
    """The top of an axis with four lines between: each a round number, and a whole one where all values are."""
    most = max([*values, 0.0]) / 4
    if most <= 0:
        return 4.0
    whole = all(float(value).is_integer() for value in values)
    power = 10.0 ** math.floor(math.log10(most))
    steps = (step * power * times for times in (1.0, 10.0) for step in _STEPS)
    return 4 * next(s for s in steps if s >= most * 0.999999 and (not whole or s.is_integer()))


def _points(values: Sequence[float], top: float, steps: int = 0) -> str:
    step = WIDTH / max((steps or len(values)) - 1, 1)
    return " ".join(f"{index * step:.1f},{HEIGHT - HEIGHT * value / top:.1f}" for index, value in enumerate(values))


def short_number(value: float) -> str:
    """A label of an axis: 0, 500, 2k, 1.5M."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{sign}".replace("-", MINUS)
    return f"{value:g}".replace("-", MINUS)


def line_chart(
    title: str,
    unit: str,
    labels: Sequence[str],
    values: Sequence[float],
    before: Sequence[float] = (),
    *,
    shown: Sequence[tuple[str, str]] | None = None,
    note: str = "",
    headers: tuple[str, str, str] = ("", "", ""),
) -> LineChart:
    """A line with the previous period dashed; both from zero.

    Args:
        labels: one a step of the axis, shown under the first, the middle and the last.
        values: at most one a step: today has not seen its last hours yet.
        before: one a step, or empty.
        shown: the table's texts of (value, before), where they differ from the bare numbers.
    """
    top = grid_top([*values, *before])
    steps = len(labels)
    # A single step is a short level line: a point would not be seen.
    line = _points(values if len(values) != 1 else [*values, *values], top, steps)
    end = WIDTH * max(len(values) - 1, 1) / max(steps - 1, 1)
    places = sorted({0, steps // 2, steps - 1}) if steps else []
    texts = shown or [(f"{v:g}", f"{b:g}") for v, b in zip(values, [*before] or [0.0] * len(values), strict=False)]
    return LineChart(
        title=title,
        unit=unit,
        line=line,
        before=_points(before, top) if before else "",
        area=f"0,{HEIGHT:g} {line} {end:g},{HEIGHT:g}" if values else "",
        ticks=[Tick(100 - 25 * part, short_number(top * part / 4)) for part in range(5)],
        dates=[Tick(100 * place / max(steps - 1, 1), labels[place]) for place in places],
        rows=[(label, now, then) for label, (now, then) in zip(labels, texts, strict=False)],
        note=note,
        headers=headers,
    )


def sparkline(values: Sequence[float]) -> str:
    """Points of a tile's little line, its own scale; empty without a change to show."""
    if len(values) < 2 or max(values) == min(values):
        return ""
    low, high = min(values), max(values)
    return _points([(value - low) * 0.9 + (high - low) * 0.05 for value in values], high - low)


@dataclass(frozen=True)
class Bar:
    """One bar of a funnel or a share: ``share`` in per cent of the longest."""

    label: str
    value: str
    share: float
    note: str = ""
    tone: str = ""
    url: str = ""


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval as one row of a forest plot; places in per cent of the axis.

    ``clear`` where the interval does not contain what it is compared with; ``tone`` then: on which side ("ok", "bd").
    """

    label: str
    note: str
    value: str
    span: str
    low: float
    high: float
    point: float
    clear: bool
    verdict: str = ""
    url: str = ""
    highlighted: bool = False
    tone: str = ""


@dataclass(frozen=True)
class Forest:
    """Rows of intervals over one axis."""

    rows: list[Interval]
    ticks: list[Tick]
    zero: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Estimate:
    """What :func:`forest` draws: a point with its interval in natural units; None where there is no figure."""

    label: str
    note: str
    value: float | None
    low: float | None
    high: float | None
    value_text: str = ""
    span_text: str = ""
    verdict: str = ""
    url: str = ""
    highlighted: bool = False
    reference: float = field(default=0.0)

    @property
    def clear(self) -> bool:
        """Whether there is an interval and it does not contain the reference."""
        if self.value is None or self.low is None or self.high is None:
            return False
        return not self.low <= self.reference <= self.high

    @property
    def tone(self) -> str:
        """Above the reference "ok", below it "bd"; empty where that cannot be told, or it is compared with nothing."""
        if not self.clear or math.isinf(self.reference) or self.low is None:
            return ""
        return "ok" if self.low > self.reference else "bd"


def forest(estimates: Sequence[Estimate], *, with_zero: bool = True, unit: str = "") -> Forest:
    """A forest plot of ``estimates``; an interval is ``clear`` when it does not contain its reference."""
    ends = [end for e in estimates for end in (e.low, e.high, e.value) if end is not None]
    low, high = (
        (min([*ends, 0.0]) if with_zero else min(ends, default=0.0)),
        max([*ends, 0.0] if with_zero else ends, default=1.0),
    )
    margin = (high - low) * 0.06 or 1.0
    low, high = low - margin, high + margin
    # At most five labels: more would touch each other in a narrow card.
    step = nice_ceiling((high - low) / 4)

    def place(value: float) -> float:
        return 100 * (value - low) / (high - low)

    first = math.ceil(low / step)
    ticks = [Tick(place(n * step), short_number(round(n * step, 9))) for n in range(first, math.floor(high / step) + 1)]
    rows = []
    for e in estimates:
        known = e.value is not None and e.low is not None and e.high is not None
        rows.append(
            Interval(
                label=e.label,
                note=e.note,
                value=e.value_text,
                span=e.span_text,
                low=place(e.low) if known and e.low is not None else 0.0,
                high=place(e.high) if known and e.high is not None else 0.0,
                point=place(e.value) if known and e.value is not None else 0.0,
                clear=e.clear,
                verdict=e.verdict,
                url=e.url,
                highlighted=e.highlighted,
                tone=e.tone,
            )
        )
    return Forest(rows, ticks if ends else [], place(0.0) if with_zero and ends else None, unit)
