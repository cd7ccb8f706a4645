"""``manage.py data_quality``: what the page of data quality shows, as text or JSON."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommender.dataset.quality import findings, recording
from recommender.dataset.quality.switching import UnknownRule


class Command(BaseCommand):
    help = "Show what cleaning dropped and repaired, drift of the events, facts that lack, and what does not add up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Form of the output, and whether to build first."""
        parser.add_argument("--json", action="store_true", help="one JSON object")
        parser.add_argument("--build", action="store_true", help="bring the dataset up to date first, as training does")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        if options["build"]:
            from recommender.dataset.building import read_dataset

            try:
                read_dataset(say=lambda line: self.stderr.write(line))
            except UnknownRule as error:
                raise CommandError(str(error)) from None
        found = recording.newest()
        if found is None:
            raise CommandError("no dataset was built yet: manage.py data_quality --build, or manage.py train")
        if options["json"]:
            days = [
                {"day": f"{day.day}", "read": day.read, "kept": day.kept, "touched": day.touched}
                for day in found.days.order_by("day")
            ]
            told = {
                "built_at": found.built_at.isoformat(),
                "read": found.read,
                "kept": found.kept,
                "rules_off": found.rules_off,
            }
            self.stdout.write(json.dumps({**told, **found.report, "days": days}))
            return
        self.stdout.write(f"built {found.built_at:%Y-%m-%d %H:%M} UTC: {found.read} rows read, {found.kept} kept")
        for row in findings.rules(found.report["touched"], found.rules_off):
            self.stdout.write(f"  {row['id']:20} {row['act']!s:9} {row['count']:>10}{'' if row['on'] else '  (off)'}")
        lines = [findings.mix(found.report), *findings.funnel(found.report), findings.silence(found.report)]
        for tone, text in lines:
            self.stdout.write(f"{'!' if tone == 'wn' else ' '} {text}")
        facts = found.report["facts"]
        for name, label in findings.FACTS.items():
            self.stdout.write(f"  {label!s:20} lacking: {facts[name]} of {facts['products']} products")
