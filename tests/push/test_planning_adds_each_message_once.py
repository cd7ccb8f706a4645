from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from push.audiences.buckets import Bucket, bucket_of
from push.audiences.holdouts import salt_of, set_share
from push.campaigns.launching import NotAllowed, launch, undo_launch
from push.campaigns.models import Campaign
from push.campaigns.moments import by_the_clock
from push.campaigns.planning import plan_due
from push.delivery.keys import message_id
from push.models import Holdout, Message, PlanRun
from shop.models import Shopper
from shop.people import consents
from tests.factories.campaigns import make_audience, make_campaign, running

pytestmark = pytest.mark.django_db


def test_planning_twice_adds_nothing(clock):
    make_audience(20)
    campaign = running()
    assert plan_due(campaign).planned == 20
    assert plan_due(campaign).planned == 0
    PlanRun.objects.all().delete()  # even where nobody remembers that it was planned
    assert plan_due(campaign).planned == 0
    assert Message.objects.count() == 20


def test_the_key_is_the_same_in_python_and_in_sql(clock):
    make_audience(5)
    Shopper.objects.filter(pk=Shopper.objects.first().pk)
    campaign = running()
    plan_due(campaign)
    for row in Message.objects.all():
        assert row.pk == message_id(row.campaign_id, row.step_id, row.channel, row.run_key, row.shopper_id)
        assert row.pk.version == 8


def test_the_bucket_is_the_same_in_python_and_in_sql():
    make_audience(50)
    for salt in ("pushcart", "x' OR 1=1", "盐 %s"):
        for shopper in Shopper.objects.annotate(drawn=Bucket(salt, "id")):
            assert shopper.drawn == bucket_of(salt, shopper.pk)


def test_the_bucket_of_any_id_is_the_same_in_python_and_in_sql():
    numbers = random.Random(7)
    ids = ["".join(chr(numbers.randrange(32, 0x4FFF)) for _ in range(numbers.randrange(1, 30))) for _ in range(500)]
    from push.audiences.buckets import bucket_sql

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, {bucket_sql('%s', 'id')} FROM unnest(%s) AS id", ["salt", ids])
        assert all(bucket == bucket_of("salt", key) for key, bucket in cursor.fetchall())


def test_only_those_who_agreed_and_are_not_suppressed_are_planned(clock):
    from push.models import Suppression

    agreed, withdrew, bounced = make_audience(3)
    make_audience(1, agreed=False)
    consents.withdraw(withdrew, "email", source="preferences")
    Suppression.objects.create(channel="email", address_hash=bounced.user.email_hash, cause="bounce")
    plan_due(running())
    assert list(Message.objects.values_list("shopper", flat=True)) == [agreed.pk]


def test_the_holdout_is_drawn_by_bucket_and_its_history_kept(clock):
    make_audience(300)
    campaign = running(holdout_share=2000)
    planned = plan_due(campaign)
    salt = salt_of(campaign)
    held = {row.shopper_id for row in Message.objects.filter(arm="held")}
    assert held == {row.pk for row in Shopper.objects.all() if bucket_of(salt, row.pk) < 2000}
    assert planned.held_out == len(held)
    assert 30 < len(held) < 90
    clock.advance(days=1)
    set_share(campaign, 3000)
    before, now = Holdout.objects.filter(campaign=campaign).order_by("from_at")
    assert (before.high, before.to_at, now.high, now.salt) == (2000, clock(), 3000, before.salt)


def test_who_is_held_out_of_everything_is_held_out_of_this_too(clock):
    make_audience(200)
    set_share(None, 1000)
    plan_due(running())
    expected = {row.pk for row in Shopper.objects.all() if bucket_of(salt_of(None), row.pk) < 1000}
    assert {row.shopper_id for row in Message.objects.filter(arm="global")} == expected


def test_everybody_gets_it_by_their_own_clock(clock):
    make_audience(1, time_zone="Asia/Shanghai")
    make_audience(1, time_zone="Europe/Berlin")
    make_audience(1, time_zone="")
    make_audience(1, time_zone="No/Where")
    send_at = datetime(2026, 3, 10, 10, 0, tzinfo=ZoneInfo("America/New_York"))
    plan_due(running(send_at=send_at))
    at = dict(Message.objects.values_list("shopper__time_zone", "scheduled_at"))
    assert at["Asia/Shanghai"] == datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
    assert at["Europe/Berlin"] == datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert at[""] == at["No/Where"] == datetime(2026, 3, 10, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(("day", "utc"), [("2026-03-28", 9), ("2026-03-29", 8), ("2026-10-24", 8), ("2026-10-25", 9)])
def test_ten_in_berlin_is_ten_on_both_sides_of_the_change_of_clocks(day, utc):
    moment = by_the_clock(datetime.fromisoformat(day).date(), time(10), "Europe/Berlin")
    assert (moment.hour, moment.tzinfo) == (utc, UTC)


def test_a_rate_spreads_the_messages_over_time(clock):
    make_audience(30)
    plan_due(running(rate_per_minute=10))
    times = sorted(Message.objects.values_list("scheduled_at", flat=True))
    assert times[0] == clock()
    assert times[-1] - times[0] == timedelta(minutes=2, seconds=54)


def test_a_weekly_campaign_is_planned_once_a_week(clock):
    make_audience(2)
    campaign = running(kind=Campaign.Kind.RECURRING, weekday=3, at_time=time(10), in_shopper_zone=False)
    for _ in range(15 * 24):
        plan_due(campaign)
        clock.advance(hours=1)
    keys = Message.objects.values_list("run_key", flat=True)
    assert sorted(set(keys)) == ["2026-03-05", "2026-03-12"]
    assert len(keys) == 4


def test_a_launch_can_be_undone_for_five_minutes_and_leaves_nothing(clock):
    make_audience(3)
    campaign = make_campaign()
    launch(campaign, actor=None)
    clock.advance(minutes=4)
    assert plan_due(campaign).planned == 0
    undo_launch(campaign, actor=None)
    assert campaign.status == Campaign.Status.DRAFT
    assert not Message.objects.exists()
    launch(campaign, actor=None)
    clock.advance(minutes=6)
    assert plan_due(campaign).planned == 3
    with pytest.raises(NotAllowed):
        undo_launch(campaign, actor=None)
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING
