"""``manage.py stream``: the consumers of the event stream."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from shop import clock
from shop.events.consumers import Runner, consumer_for
from shop.events.durability import sync_log
from shop.events.partitions import ensure_partitions


class Command(BaseCommand):
    help = "Run the consumers of the event stream until SIGTERM or Ctrl-C."
    # Of all checks, those that refuse to start: the others load every page of the site.
    requires_system_checks = ["configuration"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which groups."""
        parser.add_argument(
            "--group", action="append", help="only this group; may be given several times (default: all)"
        )
        parser.add_argument("--drain", action="store_true", help="deal with what is there now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run each group in a thread of its own."""
        try:
            runners = [Runner(consumer_for(group)) for group in options["group"] or settings.EVENT_CONSUMERS]
        except LookupError as error:
            raise CommandError(str(error)) from None
        try:
            ensure_partitions(clock.now(), clock.now() + timedelta(days=62))
        except OperationalError as error:
            # They are made by a tick too; until then the default partition takes the events.
            self.stderr.write(f"stream: partitions not made: {str(error).strip()}")
        if options["drain"]:
            for runner in runners:
                self.stdout.write(f"stream: {runner.consumer.group} dealt with {runner.drain()} entries")
            return
        self._serve(runners)

    def _serve(self, runners: list[Runner]) -> None:
        threads = [threading.Thread(target=runner.run, name=runner.consumer.group) for runner in runners]
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        for thread in threads:
            thread.start()
        self.stdout.write(f"stream: consuming {settings.EVENT_STREAM} as {', '.join(t.name for t in threads)}")
        # A group whose thread has died is a bug: end, so that the supervisor starts the process anew.
        while not stopped.wait(1.0) and all(thread.is_alive() for thread in threads):
            sync_log(settings.DATA_DIR / "valkey" / "appendonlydir")
        for runner in runners:
            runner.stop()
        for thread in threads:
            thread.join(30)
        if not stopped.is_set():
            raise CommandError("a consumer ended unexpectedly: see its error above")
