"""Every wait and every fault has its words, and faults are told from waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from push.campaigns.launching import launch, pause
from push.campaigns.planning import plan_due
from push.delivery import tasks
from push.delivery.watchdog import why_nothing_moves
from push.models import Message, Segment
from tests.factories.campaigns import deliver_all, make_audience, make_campaign, running

pytestmark = pytest.mark.django_db


def stalled(campaign) -> tuple[str, bool] | None:
    stall = why_nothing_moves(campaign)
    if stall is None:
        return None
    assert stall.words
    return stall.code, stall.fault


def test_a_draft_waits_for_nothing(clock):
    assert stalled(make_campaign()) is None


def test_a_launch_that_can_be_undone_is_a_wait_until_then(clock):
    campaign = make_campaign()
    launch(campaign, actor=None)
    assert stalled(campaign) == ("undo", False)
    assert why_nothing_moves(campaign).until == clock() + timedelta(minutes=5)


def test_a_pause_is_a_wait(clock):
    campaign = running()
    pause(campaign, actor=None)
    assert stalled(campaign) == ("paused", False)


def test_one_whose_rule_cannot_be_used_any_more_says_so_and_keeps_no_other_waiting(clock):
    make_audience(2)
    gone = Segment.objects.create(name="Gone", rule={})
    broken = running(segment=Segment.objects.create(name="All", rule={"type": "in_segment", "segment": gone.pk}))
    sound = running()
    gone.delete()
    tasks.plan()
    assert Message.objects.filter(campaign=sound).count() == 2
    broken = type(broken).objects.get(pk=broken.pk)
    assert (stalled(broken), stalled(sound)) == (("rule", True), None)


def test_nothing_planned_for_minutes_is_a_fault(clock):
    campaign = running()
    assert stalled(campaign) is None
    clock.advance(minutes=3)
    assert stalled(campaign) == ("no_planner", True)


def test_due_messages_that_nobody_takes_are_a_fault(smtp, clock):
    make_audience(2)
    campaign = running()
    plan_due(campaign)
    assert stalled(campaign) is None
    clock.advance(minutes=3)
    assert stalled(campaign) == ("no_worker", True)
    deliver_all()
    assert stalled(campaign) is None


def test_a_provider_that_says_not_now_is_a_fault_with_its_reason(smtp, clock):
    from push.mailbox.smtp_server import Reply

    smtp.on_mail = lambda envelope: Reply(451, "try later")
    make_audience(2)
    campaign = running()
    plan_due(campaign)
    deliver_all()
    assert stalled(campaign) == ("provider", True)
    assert "2" in why_nothing_moves(campaign).words
    assert why_nothing_moves(campaign).until > clock()


def test_quiet_hours_are_a_wait_until_they_end(smtp, clock):
    clock.set(datetime(2026, 3, 2, 22, 30, tzinfo=UTC))
    make_audience(1, time_zone="Europe/Berlin")
    campaign = running(keep_quiet_hours=True)
    plan_due(campaign)
    deliver_all()
    assert stalled(campaign) == ("quiet_hours", False)
    assert why_nothing_moves(campaign).until == datetime(2026, 3, 3, 7, 0, tzinfo=UTC)


def test_a_later_time_is_a_wait_until_then(clock):
    make_audience(1)
    later = clock() + timedelta(days=1)
    campaign = running(send_at=later, in_shopper_zone=False)
    plan_due(campaign)
    assert Message.objects.count() == 1
    assert stalled(campaign) == ("not_due", False)
    assert why_nothing_moves(campaign).until == later
