"""Sums of events and slates by day are whole again after ticks stood still, however long that was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recommender.models import Slate, SlotDay
from recommender.slates import rollups as slate_rollups
from recommender.slates.slate_ids import new_slate_id
from shop.days import day_of
from shop.events import rollups as event_rollups
from shop.events.store import StoreConsumer
from shop.events.stream import StreamEntry
from shop.events.types import encode
from shop.models import EventHour, FunnelDay
from tests.factories.events import an_event

pytestmark = pytest.mark.django_db


def happen(number: int, at) -> None:
    Slate.objects.bulk_create(Slate(id=new_slate_id(), slot="home", at=at) for _ in range(number))
    entries = [StreamEntry("0-0", encode(an_event("product_viewed", at)), f"{at}-{n}") for n in range(number)]
    StoreConsumer().handle(entries)


def test_days_in_which_no_tick_came_are_summed_by_the_next(clock) -> None:
    clock.set(clock.time.replace(hour=12))
    first = clock.time
    happen(2, first)
    slate_rollups.refresh()
    event_rollups.refresh()
    # After the last tick of that day, and in the days that followed.
    happen(1, first + timedelta(minutes=5))
    clock.advance(days=3)
    happen(4, clock.time)
    clock.advance(days=3)
    happen(8, clock.time)
    slate_rollups.refresh()
    event_rollups.refresh()
    expected = {day_of(first): 3, day_of(first + timedelta(days=3)): 4, day_of(first + timedelta(days=6)): 8}
    assert dict(SlotDay.objects.values_list("day", "slates")) == expected
    assert dict(FunnelDay.objects.values_list("day", "sessions")) == expected
    assert sum(EventHour.objects.values_list("events", flat=True)) == 15
