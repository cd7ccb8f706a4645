"""``manage.py ratings_report --csv FILE``: what a file of ratings allows to predict, on one page."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recommender.ratings.cleaning import clean
from recommender.ratings.page import page
from recommender.ratings.reading import BadFile, read_csv
from recommender.ratings.report import make


class Command(BaseCommand):
    # A file goes in and files come out: neither a database nor the keys of a shop are asked for.
    requires_system_checks = []
    help = (
        "Clean a CSV of ratings, split it in time, fit every rater, and write one page (HTML) and the figures (JSON)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file, and where the answer goes."""
        parser.add_argument("--csv", type=Path, required=True, help="user_id, item_id, rating, timestamp[, title, ...]")
        parser.add_argument("--out", type=Path, default=Path(), help="folder of ratings.html and ratings.json")
        parser.add_argument(
            "--language",
            choices=[code for code, _ in settings.LANGUAGES],
            default=settings.LANGUAGE_CODE,
            help="of the page",
        )
        parser.add_argument(
            "--encoding", default="", help="of the file, where it is not UTF-8 or UTF-16: gb18030, cp1252, ..."
        )
        parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
        parser.add_argument("--only", action="append", metavar="RATER", help="this rater; may be given several times")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, fit, write; a line a step."""

        def say(line: str) -> None:
            if not options["json"]:
                self.stdout.write(f"ratings_report: {line}")
                self.stdout.flush()

        try:
            ratings, removals = clean(read_csv(options["csv"], options["encoding"], say=say))
            found = make(ratings, removals, options["csv"].name, say=say, only=options["only"])
            options["out"].mkdir(parents=True, exist_ok=True)
            (options["out"] / "ratings.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
            (options["out"] / "ratings.html").write_text(page(found, options["language"]), encoding="utf-8")
        except (BadFile, LookupError, OSError, ValueError) as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(found))
        say(f"written: {options['out'] / 'ratings.html'} and ratings.json")
