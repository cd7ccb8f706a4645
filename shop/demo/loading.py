"""Load the demo shop step by step: a step that is done is skipped, one that was killed is done again.

Each step is one transaction that ends with its marker (:class:`shop.demo.models.DemoStep`), so it is done wholly or not at
all. The first marker keeps the plan (last day, how many households and products): a later run goes on with the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from django.db import connection, transaction

from shop import clock
from shop.catalogue import changes
from shop.catalogue.search import refresh
from shop.days import day_of
from shop.demo import journey as complete_journey
from shop.demo import orders, people, products, reviews
from shop.demo.models import DemoStep
from shop.demo.taxonomy import Taxonomy
from shop.progress import Progress, shown

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_PRODUCTS = 6500
PLAN = "plan"


class DemoError(Exception):
    """The demo shop cannot be loaded; the message says what to do."""


@dataclass(frozen=True)
class Plan:
    """What is loaded: kept from the first run on."""

    last_day: date
    households: int | None
    products: int


def make_plan(households: int | None, products: int | None) -> Plan:
    """The plan of an earlier run, or a new one that ends yesterday in the shop's zone.

    Raises:
        DemoError: an earlier run had other numbers.
    """
    done = DemoStep.objects.filter(name=PLAN).first()
    if done is None:
        today = day_of(clock.now())
        plan = Plan(today - timedelta(days=1), households, products or DEFAULT_PRODUCTS)
        facts = {"last_day": plan.last_day.isoformat(), "households": plan.households, "products": plan.products}
        DemoStep.objects.create(name=PLAN, facts=facts)
        return plan
    facts = done.facts
    plan = Plan(date.fromisoformat(facts["last_day"]), facts["households"], facts["products"])
    if households not in (None, plan.households) or products not in (None, plan.products):
        raise DemoError("the demo shop is loaded with other numbers: `make reset` first, or leave them out")
    return plan


class Loader:
    """Runs the steps.

    Args:
        plan: what to load.
        stream: where progress is shown; None: standard error.
    """

    def __init__(self, plan: Plan, stream: TextIO | None = None) -> None:
        self.plan, self.stream = plan, stream
        self.taxonomy = Taxonomy()
        self.skipped: list[str] = []

    @cached_property
    def journey(self) -> complete_journey.Journey:
        """The data, read when the first step needs them."""
        with shown("reading Complete Journey", stream=self.stream):
            return complete_journey.read(self.plan.last_day, self.plan.households)

    @cached_property
    def sold(self) -> list[products.Sold]:
        """The products of the shop."""
        with shown("naming products", stream=self.stream):
            return products.choose(self.journey, self.taxonomy, self.plan.products)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The journey's lines of products that are sold, with the shop's ``product`` id."""
        product_of = {member: product.id for product in self.sold for member in product.members}
        product = self.journey.lines["product_id"].map(product_of)
        return self.journey.lines.assign(product=product)[product.notna()]

    def run(self) -> dict[str, Any]:
        """Do all steps that are not done; return the facts of all."""
        self.step("keys", people.write_operators_and_keys)
        self.step("catalogue", self._catalogue)
        self.step("people", lambda: people.write_people(self.lines, self.journey))
        self._orders()
        self.step("search", lambda: {"products": refresh()})
        self.step("reviews", lambda: reviews.write_reviews(self.lines))
        self.step("units sold", lambda: {"products": orders.count_units_sold()})
        self.step("statistics", _analyse)
        changes.announce_all()
        return {step.name: step.facts for step in DemoStep.objects.order_by("id")}

    def step(self, name: str, act: Callable[[], dict[str, Any]], progress: Progress | None = None) -> None:
        """Do one step in a transaction with its marker, unless it is done already."""
        if DemoStep.objects.filter(name=name).exists():
            self.skipped.append(name)
            return
        started = time.monotonic()
        with shown(name, stream=self.stream) if progress is None else nullcontext(), transaction.atomic():
            facts = act()
            DemoStep.objects.create(name=name, facts=facts, seconds=round(time.monotonic() - started, 2))

    def _catalogue(self) -> dict[str, Any]:
        keys = products.write_categories(self.taxonomy)
        count = products.write_products(self.sold, self.lines, self.taxonomy, keys)
        return {"categories": len(keys), "products": count}

    def _orders(self) -> None:
        if DemoStep.objects.filter(name="orders").exists():
            self.skipped.append("orders")
            return
        lines = orders.order_lines(self.lines)
        with shown("orders", len(lines), "lines", stream=self.stream) as progress:
            for month, of_month in lines.groupby("month", sort=True):
                self.step(f"orders {month}", lambda of_month=of_month: orders.write_month(of_month), progress)  # type: ignore[misc]
                progress.advance(len(of_month))
            months = [step.facts for step in DemoStep.objects.filter(name__startswith="orders ")]
            sums = {key: sum(facts[key] for facts in months) for key in ("orders", "lines")}
            self.step("orders", lambda: sums, progress)


def _analyse() -> dict[str, Any]:
    tables = ["shop_product", "shop_order", "shop_orderline", "shop_event", "shop_shopper"]
    tables += ["shop_consent", "shop_review", "shop_searchword", "shop_user"]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {table}")
    return {"tables": len(tables)}
