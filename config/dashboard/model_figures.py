"""Figures of the models page: over time, beside each other, for whom, by what, and in the dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.dashboard import words
from config.dashboard.charts import Bar, LineChart, Tick, grid_top, line_chart, short_number
from config.dashboard.feature_names import feature
from config.dashboard.slots import METRIC
from recommender.evaluation.segments import SEGMENTS
from recommender.known import champions
from recommender.models import ModelVersion
from recommender.profiles.states import LABELS, SIGNS, STATES
from recommender.serving.shadow_report import report
from recommender.training import promotion
from recommender.training.models import Slot, TrainingRun
from recommender.training.naming import algorithm_name, named
from recommender.training.wording import in_words
from shop.punctuation import listed

TRAININGS = 20
MOST_IMPORTANT = 12
# A week's mean over all shoppers below which a sign tells states apart by its prior alone.
SELDOM = 0.05
SEGMENT_NAMES = {
    "cold_shoppers": gettext_lazy("New shoppers (under 5 events)"),
    "light_shoppers": gettext_lazy("Occasional shoppers (5 to 49)"),
    "regular_shoppers": gettext_lazy("Regular shoppers (50 and more)"),
    "cold_products": gettext_lazy("New products (under 5 events)"),
    "known_products": gettext_lazy("Other products"),
}


def over_time(slot: str, algorithm: str, metric: str, *, beside: str = "popular") -> LineChart | None:
    """A metric of an algorithm at each training, beside another's (none: ""); None before there are two trainings."""
    rows = ModelVersion.objects.filter(slot=slot, algorithm__in=[algorithm, beside], run__isnull=False)
    by_run: dict[int, dict[str, ModelVersion]] = {}
    for version in rows.order_by("-trained_at")[: 2 * TRAININGS]:
        by_run.setdefault(version.run_id or 0, {})[version.algorithm] = version
    runs = [
        found for _run, found in sorted(by_run.items()) if algorithm in found and metric in found[algorithm].metrics
    ]
    if len(runs) < 2:
        return None
    figures = [found[algorithm].metrics[metric] for found in runs]
    others = [found[beside].metrics[metric] if beside in found else None for found in runs] if beside else []
    compared = bool(others) and all(others)
    return line_chart(
        words.metric(metric),
        _("at each training, %(algorithm)s") % {"algorithm": algorithm_name(algorithm)},
        [words.moment(found[algorithm].trained_at, _("j M")) for found in runs],
        [figure["value"] for figure in figures],
        [figure["value"] for figure in others if figure] if compared else (),
        shown=[
            (_told(figure), _told(other) if compared and other else "")
            for figure, other in zip(figures, others or [None] * len(figures), strict=True)
        ],
        headers=(_("Training"), algorithm_name(algorithm), _("Popularity") if compared else ""),
    )


def _told(figure: dict[str, Any]) -> str:
    value = f"{figure['value']:.4f}"
    return f"{value} ({figure['low']:.4f} – {figure['high']:.4f})" if "low" in figure else value


@dataclass(frozen=True)
class Point:
    """A model in a scatter: places in per cent from the left and the top."""

    label: str
    x: float
    y: float
    x_text: str
    y_text: str
    highlighted: bool
    label_end: bool
    label_y: float


@dataclass(frozen=True)
class Scatter:
    """Models by two figures, each axis from zero."""

    title: str
    x_name: str
    y_name: str
    points: list[Point]
    x_ticks: list[Tick]
    y_ticks: list[Tick]


def scatter(versions: Sequence[ModelVersion], x: str, y: str = METRIC) -> Scatter | None:
    """The newest version of each algorithm by two metrics; None where fewer than two have both."""
    newest: dict[str, ModelVersion] = {}
    for version in versions:
        if x in version.metrics and y in version.metrics:
            newest.setdefault(version.algorithm, version)
    if len(newest) < 2:
        return None
    values = {v: (float(v.metrics[x]["value"]), float(v.metrics[y]["value"])) for v in newest.values()}
    order = sorted(values.items(), key=lambda item: -item[1][1])
    right, top = (grid_top([pair[axis] for pair in values.values()]) for axis in (0, 1))
    places = [(100 * across / right, 100 - 100 * up / top, algorithm_name(v.algorithm)) for v, (across, up) in order]
    return Scatter(
        _("Accuracy against %(other)s") % {"other": words.metric(x)},
        words.metric(x),
        words.metric(y),
        [
            Point(
                algorithm_name(version.algorithm),
                left,
                down,
                f"{across:.4g}",
                f"{up:.4f}",
                version.status == ModelVersion.Status.CHAMPION,
                label_end,
                label_y,
            )
            for (version, (across, up)), (left, down, _label), (label_y, label_end) in zip(
                order, places, _labels(places), strict=True
            )
        ],
        [Tick(25.0 * part, short_number(round(right * part / 4, 6))) for part in range(5)],
        [Tick(100 - 25.0 * part, short_number(round(top * part / 4, 6))) for part in range(5)],
    )


Box = tuple[float, float, float, float]


def _labels(points: Sequence[tuple[float, float, str]]) -> list[tuple[float, bool]]:
    """Height of each point's label, and whether it ends at the point: beside it where nothing is, else a little above or below.

    Args:
        points: place from the left and from the top in per cent, words.
    """
    taken = [(x - 2, y - 2.5, x + 2, y + 2.5) for x, y, _words in points]
    places = []
    for x, y, label in points:
        options = {
            (y + shift, end): _box(x, y + shift, _width(label), end=end)
            for step in range(8)
            for shift in (-6.0 * step, 6.0 * step)
            for end in (x > 60, x <= 60)
        }
        inside = {
            place: box for place, box in options.items() if box[0] >= 0 and box[2] <= 105 and 0 <= place[0] <= 100
        }
        free = (place for place, box in inside.items() if not any(_touch(box, other) for other in taken))
        place = next(free, (y, x > 60))
        taken.append(options[place])
        places.append(place)
    return places


def _width(label: str) -> float:
    """Of a label, in per cent of the chart on a phone, where it is widest: a Chinese sign is twice as wide."""
    return sum(3.9 if east_asian_width(sign) == "W" else 2.0 for sign in label)


def _box(x: float, y: float, width: float, *, end: bool) -> Box:
    left = x - 3 - width if end else x + 3
    return (left, y - 2.5, left + width, y + 2.5)


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def importance(version: ModelVersion | None) -> list[Bar]:
    """What a version looks at, most first."""
    found = sorted((version.importance if version else {}).items(), key=lambda item: (-item[1], item[0]))
    most = found[0][1] if found and found[0][1] > 0 else 1.0
    return [
        Bar(feature(name), words.percent(share, 1.0), 100 * share / most)
        for name, share in found[:MOST_IMPORTANT]
        if share > 0
    ]


def segments(champion: ModelVersion | None, versions: Sequence[ModelVersion]) -> dict[str, Any]:
    """A table: a row a segment, a column a model of the champion's training: NDCG@10 with its interval."""
    newest: dict[str, ModelVersion] = {}
    for version in versions:
        newest.setdefault(version.algorithm, version)
    shown = [version for version in newest.values() if version.segments]
    shown.sort(key=lambda v: (v.pk != getattr(champion, "pk", None), -v.metrics.get(METRIC, {}).get("value", 0.0)))
    names = [name for name in SEGMENTS if any(name in version.segments for version in shown)]
    rows = [
        (SEGMENT_NAMES[name], [version.segments.get(name, {}).get(METRIC) for version in shown[:6]]) for name in names
    ]
    return {"columns": [algorithm_name(version.algorithm) for version in shown[:6]], "rows": rows}


def shadow(slot: str) -> dict[str, Any]:
    """The shadow of a slot with what its answers say, or the last one that answered."""
    version = ModelVersion.objects.filter(slot=slot, shadow_since__isnull=False).first()
    found = report(version) if version else None
    if found is None:
        return {"version": version, "report": None}
    gain = found.gain.estimate
    verdict = (_("better") if gain.low > 0 else _("worse")) if found.clear else _("cannot tell")
    return {
        "version": version,
        "report": found,
        "overlap": words.percent(found.overlap.value, 1.0),
        "clicks_had": words.percent(found.clicks_had.value, 1.0) if found.clicks else "–",
        "mine": words.percent(found.mine, 1.0) if found.added else "–",
        "theirs": words.percent(found.theirs, 1.0) if found.added else "–",
        "span": f"{words.signed(100 * gain.low, 1)} – {words.signed(100 * gain.high, 1)}" if found.added else "",
        "verdict": verdict,
        "tone": ("ok" if gain.low > 0 else "bd") if found.clear else "",
    }


def states() -> dict[str, Any]:
    """States of shoppers as the champion of the home page knows them: what is done in a week of each, and where it leads."""
    model = champions.current(Slot.HOME.value)
    if model is None or model.states is None:
        return {}
    found = model.states.model
    rows = [
        {
            "label": _(STATES[name]),
            "share": words.percent(model.states.shares[name], 1),
            "means": [f"{mean:.2f}" for mean in found.means[place]],
            "moves": [words.percent(move, 1) for move in found.moves[place]],
        }
        for place, name in enumerate(LABELS)
    ]
    signs = [_(sign) for sign in SIGNS.values()]
    seen = np.array([model.states.shares[name] for name in LABELS]) @ found.means
    unseen = [sign for sign, mean in zip(signs, seen, strict=True) if mean < SELDOM]
    return {"rows": rows, "signs": signs, "names": [row["label"] for row in rows], "unseen": listed(unseen)}


def guardrails(candidate: ModelVersion | None, champion: ModelVersion | None) -> list[dict[str, str]]:
    """What keeps a better candidate from being promoted by itself: each figure beside the champion's, with its limit."""
    if candidate is None or champion is None or candidate.pk == champion.pk:
        return []

    def figures(name: str) -> list[float | None]:
        return [version.metrics.get(name, {}).get("value") for version in (champion, candidate)]

    shown = [None if value is None else 100 * value for value in figures(promotion.COVERAGE)]
    least = None if shown[0] is None else promotion.LEAST_COVERAGE * shown[0]
    slow, large = promotion.SLOWEST_P99_MS, promotion.LARGEST_BYTES / 1e6
    sizes = [champion.size_bytes / 1e6, candidate.size_bytes / 1e6]
    at_most = _("at most %(limit)s")
    return [
        _guardrail(words.metric(promotion.COVERAGE), shown, f"%.1f{words.THIN}%%", least, _("at least %(limit)s"), 1),
        _guardrail(words.metric("cpu_p99_ms"), figures("cpu_p99_ms"), "%.2f", slow, at_most, -1),
        _guardrail(_("File, MB"), sizes, "%.1f", large, at_most, -1),
    ]


def _guardrail(
    label: str, values: Sequence[float | None], form: str, limit: float | None, told: str, side: int
) -> dict[str, str]:
    """One row; ``side`` is 1 where more is better."""
    mine = values[1]
    known = mine is not None and limit is not None
    holds = known and side * ((mine or 0.0) - (limit or 0.0)) >= 0
    champions, candidates = ("–" if value is None else form % value for value in values)
    return {
        "label": label,
        "champion": champions,
        "candidate": candidates,
        "limit": told % {"limit": form % limit} if limit is not None else "",
        "verdict": _("holds") if holds else _("broken") if known else _("not measured"),
        "tone": "ok" if holds else "bd" if known else "",
    }


def lacking(run: TrainingRun | None) -> list[tuple[str, str]]:
    """Algorithms that a training left out, with the reason: an error, or the data that they lack."""
    report_of = run.report if run else {}
    left_out = {**report_of.get("failed", {}), **report_of.get("left_out", {})}
    return [(algorithm_name(name), in_words(why, named)) for name, why in left_out.items()]
