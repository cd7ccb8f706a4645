"""Frequency caps are counted and taken in one step: two workers at once give a shopper no more than one."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from push.campaigns.planning import plan_due
from push.delivery import dispatching
from push.models import Message
from tests.factories.campaigns import make_audience, running

pytestmark = pytest.mark.django_db(transaction=True)


def dispatch_at_once(campaigns) -> None:
    together = threading.Barrier(len(campaigns))
    failures: list[BaseException] = []

    def work(campaign_id):
        try:
            together.wait(60)
            while dispatching.dispatch_batch(campaign_id, 5):
                pass
        except BaseException as error:
            failures.append(error)
        finally:
            dispatching.close_channels()
            connections["default"].close()

    threads = [threading.Thread(target=work, args=[campaign.pk]) for campaign in campaigns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures


@pytest.mark.parametrize("caps", [{"email": (1, 7)}, {"": (1, 7)}], ids=["of the channel", "over all channels"])
def test_two_campaigns_at_once_reach_a_shopper_with_a_cap_of_one_once(smtp, clock, settings, caps):
    settings.FREQUENCY_CAPS = caps
    people = make_audience(30)
    campaigns = [running(), running()]
    for campaign in campaigns:
        assert plan_due(campaign).planned == 30
    dispatch_at_once(campaigns)
    assert sorted(Message.objects.filter(state="accepted").values_list("shopper", flat=True)) == sorted(
        person.pk for person in people
    )
    assert set(Message.objects.exclude(state="accepted").values_list("state", "reason")) == {("skipped", "capped")}
    assert len(smtp.taken) == 30


def test_one_shopper_two_workers_one_message(smtp, clock, settings):
    settings.FREQUENCY_CAPS = {"email": (1, 7)}
    make_audience(1)
    for _ in range(10):
        Message.objects.all().delete()
        smtp.taken.clear()
        campaigns = [running(), running()]
        for campaign in campaigns:
            plan_due(campaign)
        dispatch_at_once(campaigns)
        assert len(smtp.taken) == 1
        assert sorted(Message.objects.values_list("state", flat=True)) == ["accepted", "skipped"]
