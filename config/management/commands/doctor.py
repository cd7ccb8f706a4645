"""``manage.py doctor``: look at everything, say what is wrong and what to type."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.doctor import Level, examine, exit_status


class Command(BaseCommand):
    """See the module's docstring."""

    help = "Check servers, processes, settings and models; exit 0 (well), 1 (warnings) or 2 (failures)"
    # It says itself what is wrong with the configuration.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """For machines."""
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings and end with their status."""
        findings = examine()
        status = exit_status(findings)
        if options["json"]:
            self.stdout.write(json.dumps({"status": status, "findings": [asdict(finding) for finding in findings]}))
        else:
            styles = {Level.OK: self.style.SUCCESS, Level.WARN: self.style.WARNING, Level.FAIL: self.style.ERROR}
            for finding in findings:
                self.stdout.write(
                    f"{styles[finding.level](f'{finding.level:4}')}  {finding.check:20} {finding.finding}"
                )
                if finding.fix:
                    self.stdout.write(f"{'':27}-> {finding.fix}")
        sys.exit(status)
