"""``manage.py train``: learn, judge, keep and promote."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommender.dataset.quality.switching import UnknownRule
from recommender.models import ModelVersion
from recommender.training.models import Slot
from recommender.training.run import AlreadyTraining, train
from shop.registry import UnknownPlugin


class Command(BaseCommand):
    help = "Train the recommendation models, judge them by time split, and promote by interval."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which algorithm, and how it is said."""
        parser.add_argument(
            "algorithm", nargs="?", help="only this one (with popularity and the champions, to compare)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object at the end")
        parser.add_argument("--missing", action="store_true", help="only if a slot has no champion that opens; quick")
        parser.add_argument("--quick", action="store_true", help="without the algorithms that take minutes")
        parser.add_argument("--no-promote", action="store_true", help="keep candidates, change no champion")

    def handle(self, *args: Any, **options: Any) -> None:
        """Train with progress: a line a step."""
        if options["missing"] and _complete():
            self.stdout.write("train: every slot has a champion")
            return
        began = time.monotonic()
        quiet = options["json"]

        def say(share: float, line: str, left: float | None) -> None:
            if quiet:
                return
            gone = time.monotonic() - began
            told = f", about {left:.0f} s left" if left is not None else ""
            self.stdout.write(f"train: {100 * share:3.0f} %  {line} ({gone:.0f} s{told})")

        try:
            quick = options["quick"] or options["missing"]
            run = train(options["algorithm"], say=say, promote=not options["no_promote"], quick=quick)
        except (AlreadyTraining, UnknownPlugin, UnknownRule, ValueError) as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps({"run": run.pk, "status": run.status, **run.report}))
            return
        for kind, words in (("failed", "failed"), ("left_out", "lacks data")):
            for name, problem in run.report[kind].items():
                self.stdout.write(f"train: {name} {words}: {problem}")
        for line in run.report["promoted"] or ["no champion changed"]:
            self.stdout.write(f"train: {line}")
        for version in ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).order_by("slot"):
            figure = version.metrics.get("ndcg@10", {})
            interval = f"{figure.get('value', 0):.4f} ({figure.get('low', 0):.4f} to {figure.get('high', 0):.4f})"
            self.stdout.write(f"train: {version.slot:8} {version!s:16} ndcg@10 {interval}")
        peak = f"{run.report['peak_mb']} MB at the peak (limit {run.report['limit_mb'] or 'none'})"
        self.stdout.write(f"train: done in {time.monotonic() - began:.0f} s, {peak}")


def _complete() -> bool:
    champions = ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION, error="")
    return set(champions.values_list("slot", flat=True)) >= set(Slot.values)
