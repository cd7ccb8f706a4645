"""``manage.py load_demo``: the demo shop, from real baskets."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.demo.loading import DEFAULT_PRODUCTS, DemoError, Loader, make_plan
from shop.management.positive import positive


class Command(BaseCommand):
    """Builds the demo shop from Complete Journey; run again it does what is missing."""

    help = "Load the demo shop: real households, baskets and prices of Complete Journey; names, stock and reviews invented."

    def add_arguments(self, parser: CommandParser) -> None:
        """Sizes and output."""
        parser.add_argument("--households", type=positive, help="only so many households (default: all 2 469)")
        parser.add_argument("--products", type=positive, help=f"only so many products (default: {DEFAULT_PRODUCTS})")
        parser.add_argument("--json", action="store_true", help="print what was loaded as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load."""
        started = time.monotonic()
        try:
            loader = Loader(make_plan(options["households"], options["products"]))
            facts = loader.run()
        except DemoError as error:
            raise CommandError(str(error)) from None
        seconds = round(time.monotonic() - started, 1)
        if options["json"]:
            self.stdout.write(json.dumps({"seconds": seconds, "steps": facts, "skipped": loader.skipped}))
            return
        self.stdout.write(
            f"Demo shop: {facts['catalogue']['products']:,} products, {facts['people']['shoppers']:,} shoppers,"
            f" {facts['orders']['orders']:,} orders with {facts['orders']['lines']:,} lines until {facts['plan']['last_day']}"
            f" ({seconds:.0f} s{', nothing to do' if len(loader.skipped) == len(facts) - 1 else ''})"
        )
