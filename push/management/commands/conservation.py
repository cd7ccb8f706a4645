"""``manage.py conservation``: each campaign's sums; exit 1 when one does not add up."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from push.campaigns.models import Campaign
from push.results.conservation import Line, lines


class Command(BaseCommand):
    """See the module."""

    help = "Check that planned = accepted + rejected + uncertain + skipped + to go, for every campaign."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--json", action="store_true", help="for machines")
        parser.add_argument("campaign", nargs="*", help="slugs (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line a campaign."""
        campaigns = Campaign.objects.order_by("pk")
        if options["campaign"]:
            campaigns = campaigns.filter(slug__in=options["campaign"])
            if unknown := set(options["campaign"]) - set(campaigns.values_list("slug", flat=True)):
                known = ", ".join(Campaign.objects.order_by("pk").values_list("slug", flat=True)) or "none"
                raise CommandError(f"no campaign {', '.join(sorted(unknown))}: there are {known}")
        found = lines(campaigns)
        if options["json"]:
            rows = [asdict(line) | {"holds": line.holds} for line in found]
            self.stdout.write(json.dumps(rows, indent=2))
        else:
            for line in found:
                self.stdout.write(_text(line))
            if not found:
                self.stdout.write("No campaigns yet.")
        if wrong := [line for line in found if not line.holds]:
            self.stderr.write(f"{len(wrong)} of {len(found)} sums do not add up")
            sys.exit(1)


def _text(line: Line) -> str:
    verdict = "holds" if line.holds else f"DOES NOT HOLD: {line.missing} missing, {line.held_missing} of the holdout"
    return (
        f"{line.name}: {line.planned} planned = {line.accepted} accepted + {line.rejected} rejected"
        f" + {line.uncertain} uncertain + {line.skipped} skipped + {line.to_go} to go;"
        f" holdout {line.held_out} = {line.ghosts} ghosts + {line.held_skipped} skipped + {line.held_to_go} to go"
        f" [{verdict}]"
    )
