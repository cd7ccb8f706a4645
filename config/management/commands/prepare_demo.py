"""``manage.py prepare_demo``: tables, goods, models, an experiment and campaigns of the demo, in one process; each made once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from config.demo import step
from config.machine import free_bytes
from shop.management.positive import positive


class Command(BaseCommand):
    """Each step can be killed and goes on where it was."""

    help = (
        "Prepare the demo: migrate, load_demo, train --missing (not with TRAIN_EVERY_HOURS=0), demo_experiment, "
        "demo_campaigns; what is there is not made again."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Its size."""
        parser.add_argument("--households", type=positive, help="load a smaller shop (default: all 2 469)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Step by step; a failure is one line."""
        size = {"households": options["households"]} if options["households"] else {}
        try:
            with step("tables"):
                call_command("migrate", verbosity=0)
            with step("demo shop"):
                call_command("load_demo", **size)
            if settings.TRAIN_EVERY_HOURS:
                with step("models"):
                    call_command("train", missing=True)
            with step("experiment"):
                call_command("demo_experiment")
            with step("campaigns"):
                call_command("demo_campaigns")
        except (DatabaseError, OSError) as error:
            raise CommandError(_cause(error)) from error


def _cause(error: Exception) -> str:
    """The first line of ``error``, and the remedy where the disk is full."""
    said = str(error).strip().partition("\n")[0] or type(error).__name__
    free = free_bytes(settings.DATA_DIR)
    if "No space left" in str(error) or free < 50_000_000:
        return f"the disk of {settings.DATA_DIR} is full ({free / 1e6:.0f} MB free): make room ({said})"
    return said
