"""``manage.py simulate``: shoppers drawn from the demo's households visit the shop on this machine."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.simulation.cast import read_cast
from config.simulation.running import Plan, Tally, simulate
from shop.management.positive import positive

MOST_PER_MINUTE, MOST_AT_ONCE = 600, 16


class Command(BaseCommand):
    """See the module's docstring."""

    help = "Simulated shoppers browse, search, add, leave, buy and read mail through the shop's own pages (demo only)"

    def add_arguments(self, parser: CommandParser) -> None:
        """Rate, bounds and seed."""
        parser.add_argument("--rate", type=float, default=12, help="visits a minute (default %(default)s, at most 600)")
        parser.add_argument("--pause", type=float, default=2.5, help="seconds between two pages (default %(default)s)")
        parser.add_argument(
            "--at-once", type=int, default=6, help="visits at the same time (default %(default)s, at most 16)"
        )
        parser.add_argument("--visits", type=positive, help="end after as many (default: until stopped)")
        parser.add_argument(
            "--seed", type=int, default=1, help="the same seed draws the same visits (default %(default)s)"
        )
        parser.add_argument(
            "--port", type=int, default=settings.PORT, help="of the shop on this machine (default %(default)s)"
        )
        parser.add_argument("--json", action="store_true", help="print the counts as JSON at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until done or told to stop."""
        if not settings.DEMO:
            raise CommandError("Simulated shoppers order: they are for the demo only (DEMO is off).")
        for name, least, most in (("rate", 0.1, MOST_PER_MINUTE), ("pause", 0, 3600), ("at_once", 1, MOST_AT_ONCE)):
            if not least <= options[name] <= most:
                raise CommandError(f"--{name.replace('_', '-')} is {least} to {most}, not {options[name]}.")
        cast = read_cast()
        # Nothing more is read or written here: what follows goes over HTTP.
        connection.close()
        if not cast:
            raise CommandError("No household can log in: run manage.py load_demo first.")
        plan = Plan(
            port=options["port"],
            rate=options["rate"],
            pause=options["pause"],
            at_once=options["at_once"],
            visits=options["visits"],
            seed=options["seed"],
        )
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        tally = simulate(plan, cast, stop, self._report)
        self.stdout.write(json.dumps(dict(tally.did)) if options["json"] else tally.sentence())
        if tally.did["errors"] and tally.did["errors"] >= tally.did["visits"]:
            raise CommandError(f"The shop at port {plan.port} does not answer: start it with make demo.")

    def _report(self, tally: Tally) -> None:
        self.stderr.write(tally.sentence())
