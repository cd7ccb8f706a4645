"""``manage.py evaluate``: what the models page says, for a terminal or as JSON: figures, paired tests, segments, the shadow."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommender.evaluation.segments import SEGMENTS
from recommender.evaluation.tasks import METRIC
from recommender.models import ModelVersion
from recommender.serving.shadow_report import ShadowReport, report
from recommender.training.models import Slot

SHOWN = ("hr@10", "mrr@10", "ndcg@10", "coverage@10", "p99_ms")
# Models beside each other in the table of segments.
COLUMNS = 6


class Command(BaseCommand):
    help = "Show how the newest versions of each algorithm did, by slot: intervals, paired tests, segments, shadows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which slot."""
        parser.add_argument("--slot", choices=Slot.values)
        parser.add_argument("--json", action="store_true", help="one JSON object a version")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print tables, or lines of JSON."""
        versions = ModelVersion.objects.order_by("slot", "algorithm", "-trained_at").distinct("slot", "algorithm")
        by_slot: dict[str, list[ModelVersion]] = {}
        for version in sorted(versions, key=_value, reverse=True):
            if options["slot"] in (None, version.slot):
                by_slot.setdefault(version.slot, []).append(version)
        if not by_slot:
            raise CommandError("there are no models yet: manage.py train makes them")
        for slot, rows in sorted(by_slot.items()):
            shadow = ModelVersion.objects.filter(slot=slot, shadow_since__isnull=False).first()
            if options["json"]:
                lines = [json.dumps(_as_json(version, shadow)) for version in rows]
            else:
                lines = [*_figures(slot, rows), *_comparisons(rows), *_segments(rows), *_shadow(shadow), ""]
            self.stdout.write("\n".join(lines))


def _value(version: ModelVersion) -> float:
    return float(version.metrics.get(METRIC, {}).get("value", 0.0))


def _as_json(version: ModelVersion, shadow: ModelVersion | None) -> dict[str, Any]:
    answered = report(shadow) if shadow is not None and shadow.pk == version.pk else None
    return {
        "slot": version.slot,
        "version": str(version),
        "status": version.status,
        "metrics": version.metrics,
        "comparison": version.comparison,
        "segments": version.segments,
        "importance": version.importance,
        "shadow": answered.as_json() if answered is not None else None,
    }


def _figures(slot: str, versions: Sequence[ModelVersion]) -> Iterator[str]:
    yield f"{slot:8} {'version':18} {'status':10}" + "".join(f" {name:>26}" for name in SHOWN)
    for version in versions:
        figures = "".join(f" {_figure(version.metrics.get(name)):>26}" for name in SHOWN)
        yield f"{'':8} {version!s:18} {version.status:10}{figures}"


def _figure(figure: dict[str, Any] | None) -> str:
    if not figure:
        return "-"
    if "low" not in figure:
        return f"{figure['value']:.2f}"
    return f"{figure['value']:.4f} ({figure['low']:.4f}-{figure['high']:.4f})"


def _comparisons(versions: Sequence[ModelVersion]) -> Iterator[str]:
    """Each against popularity and the champion, on the same cases; p held to one error rate by Holm."""
    rows = [(version, other, told) for version in versions for other, told in sorted(version.comparison.items())]
    if not rows:
        return
    yield f"  {METRIC}, paired on the same cases; p by Holm over the models compared"
    for version, other, told in rows:
        span = f"{told['difference']:+.4f} ({told['low']:+.4f} to {told['high']:+.4f})"
        against = f"{other} ({told['algorithm']})" if "algorithm" in told else other
        chance = f"p {told['p_holm']:.4f}" if "p_holm" in told else ""
        yield f"    {version!s:18} against {against:22} {span:32} {chance:9} {_verdict(told['low'], told['high'])}"


def _verdict(low: float, high: float) -> str:
    return "better" if low > 0 else "worse" if high < 0 else "cannot tell"


def _segments(versions: Sequence[ModelVersion]) -> Iterator[str]:
    shown = [version for version in versions if version.segments][:COLUMNS]
    if not shown:
        return
    yield f"  {METRIC} by segment{'':6}" + "".join(f" {version!s:>26}" for version in shown)
    for name in SEGMENTS:
        figures = [version.segments.get(name, {}).get(METRIC) for version in shown]
        if any(figures):
            yield f"    {name:20}" + "".join(f" {_figure(figure):>26}" for figure in figures)


def _shadow(version: ModelVersion | None) -> Iterator[str]:
    if version is None:
        return
    told = report(version)
    if told is None:
        yield f"  {version} answers in the dark: no answers yet"
        return
    yield f"  {version} answers in the dark: {_answered(told)}"
    if told.clicks:
        yield f"    of {told.clicks} clicked products it had {100 * told.clicks_had.value:.1f} %"
    if told.added:
        gain = told.gain.estimate
        yield (
            f"    of what {told.added} slates led into the cart it had {100 * told.mine:.1f} %, shown was"
            f" {100 * told.theirs:.1f} % ({100 * gain.low:+.1f} to {100 * gain.high:+.1f} points, p {told.gain.p:.4f}):"
            f" {_verdict(gain.low, gain.high)}"
        )


def _answered(told: ShadowReport) -> str:
    return (
        f"{told.answers} answers, {100 * told.overlap.value:.1f} % of what was shown, "
        f"p50 {told.p50_ms:.2f} ms, p99 {told.p99_ms:.2f} ms"
    )
