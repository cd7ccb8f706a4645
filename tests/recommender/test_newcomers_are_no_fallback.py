"""For a newcomer what is popular is the right answer; the dashboard counts as fallback only what failed whoever is known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.dashboard import needs, slots
from recommender.models import Slate, SlotDay
from recommender.serving import recommend, rollups
from recommender.serving.slates import new_slate_id
from shop import clock
from shop.events import recording

pytestmark = pytest.mark.django_db
VISITOR = "v-" + "1" * 24


def test_a_slate_knows_whether_there_was_anything_to_choose_by(shop) -> None:
    assert not recommend("home", visitor_id=VISITOR).known
    assert not recommend("home", shopper_id="nobody-bought-as-this-one").known
    assert not recommend("cart", visitor_id=VISITOR).known
    assert recommend("product", product_id="tea").known
    assert recommend("home", shopper_id="s1").known
    assert recommend("email", shopper_id="s1").known
    assert not recommend("home", shopper_id="s1", personalised=False).known
    recording.record("product_added", visitor_id=VISITOR, product_id="tea", quantity=1)
    assert recommend("home", visitor_id=VISITOR).known
    assert recommend("cart", visitor_id=VISITOR).known


def _slates(number: int, *, known: bool, fallback: bool, model: str = "blend-1") -> None:
    Slate.objects.bulk_create(
        Slate(id=new_slate_id(), slot="home", model=model, known=known, fallback=fallback) for _ in range(number)
    )


def test_an_alarm_is_raised_for_known_visitors_alone(shop) -> None:
    _slates(300, known=False, fallback=True)
    _slates(200, known=True, fallback=False)
    rollups.refresh()
    day = SlotDay.objects.get(slot="home")
    assert (day.slates, day.newcomers, day.fallback) == (500, 300, 0)
    assert list(needs._fallback()) == []
    _slates(50, known=True, fallback=True)
    rollups.refresh()
    now = clock.now()
    row = slots.sums(now, now)["home"]
    assert (row["known"], row["fallback"]) == (250, 50)
    assert "20.0 %" in next(needs._fallback()).heading


def test_where_no_model_serves_every_slate_is_a_fallback() -> None:
    _slates(120, known=False, fallback=True, model="popular")
    rollups.refresh()
    assert "100.0 %" in next(needs._fallback()).heading


def test_yesterday_is_not_counted_twice_by_two_periods_that_meet(clock) -> None:
    from config.dashboard import period

    chosen = period.of("7")
    for back in range(1, 15):
        day = (chosen.end - timedelta(days=back)).date()
        SlotDay.objects.create(day=day, slot="home", slates=10, newcomers=0, fallback=0, seen=0, clicked=0)
    SlotDay.objects.create(day=chosen.end.date(), slot="home", slates=999, newcomers=0, fallback=0, seen=0, clicked=0)
    now = slots.sums(chosen.start, chosen.last)["home"]["slates"]
    before = slots.sums(chosen.previous_start, chosen.previous_last)["home"]["slates"]
    assert (now, before) == (70, 70)
