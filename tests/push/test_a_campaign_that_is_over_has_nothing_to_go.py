"""Messages that come back late: to a campaign that was cancelled meanwhile, or that is about to finish."""

from __future__ import annotations

import pytest

from push.campaigns import launching
from push.campaigns.planning import plan_due
from push.delivery import settling, tasks
from push.delivery.claims import claim
from push.delivery.states import State
from push.inbox.models import InboxItem
from push.models import Message
from push.results.conservation import conservation
from tests.factories.campaigns import deliver_all, make_audience, running

pytestmark = pytest.mark.django_db


def test_what_a_dead_worker_held_of_a_cancelled_campaign_is_skipped(clock) -> None:
    make_audience(3)
    campaign = running()
    plan_due(campaign)
    claim(campaign.pk, 2)
    assert launching.cancel(campaign, actor=None) == 1
    clock.advance(minutes=2)
    tasks.settle()
    assert set(Message.objects.values_list("state", "reason")) == {("skipped", "cancelled")}
    line = conservation(campaign)
    assert line.holds
    assert line.to_go == 0


def test_a_campaign_does_not_finish_before_what_may_be_sent_again_was(clock) -> None:
    make_audience(2)
    campaign = running(channels=("inapp",))
    plan_due(campaign)
    key, _messages = claim(campaign.pk)
    # A worker that died while it handed them over.
    Message.objects.filter(claim=key).update(state=State.DISPATCHING)
    clock.advance(minutes=2)
    settling.expire_leases()
    assert set(Message.objects.values_list("state", flat=True)) == {"uncertain"}
    assert not launching.finish_if_done(campaign)
    clock.advance(minutes=2)
    assert settling.retry_uncertain() == 2
    deliver_all()
    assert InboxItem.objects.count() == 2
    assert launching.finish_if_done(campaign)


def test_nothing_is_sent_again_of_a_campaign_that_is_cancelled(clock) -> None:
    make_audience(1)
    campaign = running(channels=("inapp",))
    plan_due(campaign)
    key, _messages = claim(campaign.pk)
    Message.objects.filter(claim=key).update(state=State.DISPATCHING)
    launching.cancel(campaign, actor=None)
    clock.advance(minutes=2)
    tasks.settle()
    clock.advance(minutes=2)
    tasks.settle()
    assert Message.objects.get().state == "uncertain"
