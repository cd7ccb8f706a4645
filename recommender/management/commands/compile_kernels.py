"""``manage.py compile_kernels``: compile what trainings and requests run, before the first of them has to."""

from __future__ import annotations

import logging
import os
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommender.algorithms.ahead import compile_kernels

DONE = "all_are_compiled"


class Command(BaseCommand):
    help = (
        "Compile the kernels of all algorithms into the cache (a minute or two of one processor core after an upgrade; "
        "seconds where they are there). Without it web processes that start and the first training compile them."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether it may be left."""
        parser.add_argument(
            "--missing", action="store_true", help="only if they were not compiled since the last upgrade"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """A line for each algorithm."""
        done = Path(os.environ["NUMBA_CACHE_DIR"]) / DONE
        if options["missing"] and done.exists():
            self.stdout.write("compile_kernels: all are compiled")
            return
        began, failed = time.monotonic(), []
        with _said_by("recommender.algorithms", logging.ERROR):
            for name, problem in compile_kernels():
                self.stdout.write(f"compile_kernels: {name} ({time.monotonic() - began:.0f} s)")
                failed += [f"{name}: {problem}"] if problem else []
        if failed:
            raise CommandError(f"not compiled, a training will say more: {'; '.join(failed)}")
        done.parent.mkdir(parents=True, exist_ok=True)
        done.touch()


@contextmanager
def _said_by(name: str, level: int) -> Iterator[None]:
    """Let a logger say nothing below a level: what a made-up shop teaches is no news."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before)
