"""``manage.py rotate_field_keys``: re-encrypt personal data under the newest key."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.management.positive import positive
from shop.people.rotation import BATCH, rotate_all


class Command(BaseCommand):
    """Put the new key first in ``FIELD_KEYS``, restart, run this, then drop the old key."""

    help = (
        "Re-encrypt every encrypted column under the first of FIELD_KEYS. Interrupted, it is simply started again; "
        "afterwards the former keys may go."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument(
            "--batch", type=positive, default=BATCH, help="rows in one transaction (default %(default)s)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object at the end, no progress")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run."""
        quiet = options["json"]

        def progress(table: str, seen: int, changed: int) -> None:
            if not quiet:
                self.stdout.write(f"{table}: {seen} rows looked at, {changed} re-encrypted")

        try:
            done = rotate_all(progress, batch=options["batch"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if quiet:
            self.stdout.write(json.dumps({"reencrypted": done}))
        else:
            self.stdout.write(self.style.SUCCESS(f"{sum(done.values())} rows re-encrypted under the newest key."))
