"""Keep what a build found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, Q, Sum

from recommender.dataset.cache import Manifest
from recommender.dataset.interactions import Dataset
from recommender.dataset.kinds import Kind
from recommender.dataset.quality import drift
from recommender.dataset.quality.models import DataQuality, DataQualityDay
from recommender.dataset.reading import start_of
from shop import clock
from shop.models import EventHour, Product

BUILDS, BUILDS_WITH_DAYS = 60, 3
UNKNOWN = "unknown_product"
LATELY_DAYS = 28
# Facts that recommendations, search and pages use, and what it means that one lacks.
FACTS: dict[str, Q] = {
    "price": Q(price=0),
    "picture": Q(image=""),
    "brand": Q(brand=""),
    "description": Q(description_en="", description_zh=""),
    "tags": Q(tags=[]),
    "chinese_name": Q(name_zh=""),
}


@transaction.atomic
def keep(manifest: Manifest, unknown: Mapping[int, int], dataset: Dataset) -> DataQuality:
    """Store the figures of a build; of older ones the days go, then the rest.

    Args:
        unknown: day to rows with products that the catalogue does not have.
    """
    touched: Counter[str] = Counter()
    for number, day in manifest.days.items():
        touched.update(day.touched)
        touched[UNKNOWN] += unknown.get(number, 0)
    until = datetime.fromisoformat(manifest.until)
    last = int(until.timestamp() // 86400) - 1
    lately = {number: day for number, day in manifest.days.items() if number > last - LATELY_DAYS}
    row = DataQuality.objects.create(
        window_from=datetime.fromisoformat(manifest.since),
        window_to=until,
        read=sum(day.read for day in manifest.days.values()),
        kept=len(dataset),
        rules_off=manifest.off,
        report={
            "touched": dict(touched),
            "mix": drift.mix({number: day.events for number, day in manifest.days.items()}, last),
            "facts": _facts(),
            "funnel": _funnel(lately, dataset, until),
            "silent_hours": _silent_hours(until),
        },
    )
    DataQualityDay.objects.bulk_create(
        [
            DataQualityDay(
                build=row,
                day=start_of(number).date(),
                read=day.read,
                kept=day.kept - unknown.get(number, 0),
                touched={**day.touched, UNKNOWN: unknown.get(number, 0)},
            )
            for number, day in manifest.days.items()
        ],
        batch_size=1_000,
    )
    _forget_old()
    return row


def _facts() -> dict[str, int]:
    """Active products, and how many of them lack each fact."""
    counts = {name: Count("pk", filter=lacking) for name, lacking in FACTS.items()}
    return Product.objects.filter(active=True).aggregate(products=Count("pk"), **counts)


def _funnel(days: Mapping[int, Any], dataset: Dataset, until: datetime) -> dict[str, int]:
    """Events of the steps to an order in the last weeks, the orders themselves, and purchases of what was not looked at."""
    events: Counter[str] = Counter()
    for day in days.values():
        events.update(day.events)
    steps = ("product_viewed", "product_added", "checkout_started", "order_completed")
    bought, unseen = _unseen(dataset, int((until - timedelta(days=LATELY_DAYS)).timestamp() * 1000))
    return {
        **{name: events[name] for name in steps},
        "orders": sum(day.orders for day in days.values()),
        "imported": sum(day.imported for day in days.values()),
        "purchases": bought,
        "unseen": unseen,
    }


def _unseen(dataset: Dataset, since_ms: int) -> tuple[int, int]:
    """Purchases since a moment, and those of them of what was not looked at in the same session."""
    import pandas as pd

    bought = (dataset.kind == Kind.PURCHASE) & (dataset.at >= since_ms)
    session = dataset.session_of_row
    # Of all rows only those of sessions that bought lately: the others are many.
    theirs = np.zeros(dataset.sessions, np.bool_)
    theirs[session[bought]] = True
    rows = np.flatnonzero(theirs[session])
    pair = session[rows].astype(np.int64) * max(len(dataset.products), 1) + dataset.product[rows]
    looked, mine = np.isin(dataset.kind[rows], (Kind.VIEW, Kind.CLICK, Kind.ADD)), bought[rows]
    return int(mine.sum()), int((mine & ~pd.Series(pair).isin(pair[looked]).to_numpy()).sum())


def _silent_hours(until: datetime) -> dict[str, Any]:
    """Hours without an event between the first and the last of the week before: how many, and the longest stretch."""
    since = until - timedelta(days=7)
    rows = EventHour.objects.filter(hour__gte=since, hour__lte=until).values("hour").annotate(n=Sum("events"))
    hours = sorted(row["hour"].astimezone(UTC) for row in rows if row["n"])
    gaps = [(int((later - hour).total_seconds() // 3600) - 1, hour) for hour, later in pairwise(hours)]
    longest, since = max(gaps, default=(0, since))
    return {
        "hours": len(hours),
        "silent": sum(hours for hours, _ in gaps),
        "longest": longest,
        "longest_from": since.isoformat() if longest else "",
    }


def _forget_old() -> None:
    newest = list(DataQuality.objects.order_by("-built_at", "-pk").values_list("pk", flat=True)[:BUILDS])
    DataQualityDay.objects.exclude(build__in=newest[:BUILDS_WITH_DAYS]).delete()
    DataQuality.objects.exclude(pk__in=newest).delete()


def newest() -> DataQuality | None:
    """The last build's."""
    return DataQuality.objects.order_by("-built_at", "-pk").first()


def age_days(quality: DataQuality) -> int:
    """Whole days since it was built."""
    return (clock.now() - quality.built_at).days
