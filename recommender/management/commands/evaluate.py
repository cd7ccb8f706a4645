"""``manage.py evaluate``: the figures of the champions and candidates, as they were judged."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommender.models import ModelVersion
from recommender.training.models import Slot

SHOWN = ("hr@10", "mrr@10", "ndcg@10", "coverage@10", "p99_ms")


class Command(BaseCommand):
    help = "Show how the newest versions of each algorithm did, by slot, with 95 % intervals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which slot."""
        parser.add_argument("--slot", choices=Slot.values)
        parser.add_argument("--json", action="store_true", help="one JSON object a version")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a table, or lines of JSON."""
        versions = ModelVersion.objects.order_by("slot", "algorithm", "-trained_at").distinct("slot", "algorithm")
        if options["slot"]:
            versions = versions.filter(slot=options["slot"])
        rows = list(versions)
        if not rows:
            raise CommandError("there are no models yet: manage.py train makes them")
        if not options["json"]:
            self.stdout.write(f"{'slot':8} {'version':18} {'status':10}" + "".join(f" {name:>26}" for name in SHOWN))
        for version in sorted(rows, key=lambda row: (row.slot, -row.metrics.get("ndcg@10", {}).get("value", 0.0))):
            if options["json"]:
                told = {"slot": version.slot, "version": str(version), "status": version.status}
                self.stdout.write(json.dumps({**told, "metrics": version.metrics, "comparison": version.comparison}))
                continue
            figures = "".join(f" {_figure(version.metrics.get(name)):>26}" for name in SHOWN)
            self.stdout.write(f"{version.slot:8} {version!s:18} {version.status:10}{figures}")


def _figure(figure: dict[str, Any] | None) -> str:
    if not figure:
        return "-"
    if "low" not in figure:
        return f"{figure['value']:.2f}"
    return f"{figure['value']:.4f} ({figure['low']:.4f}-{figure['high']:.4f})"
