"""What a worker had not begun goes to another, what it was told is kept, and only what was in its hands is uncertain."""

from __future__ import annotations

import pytest

from push.campaigns.planning import plan_due
from push.channels import CHANNELS
from push.channels.base import Channel, Outcome
from push.delivery import dispatching, journal, settling
from push.models import Message
from push.results.conservation import conservation
from shop import valkey
from tests.factories.campaigns import deliver_all, make_audience, running

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process is gone."""


class Scripted(Channel):
    """Does before each message what the test says; what was taken is remembered."""

    name = label = "email"
    script: dict = {}
    taken: list = []

    def address(self, shopper):
        return f"{shopper.pk}@example.org"

    def send(self, rendered, material):
        number = len(self.taken) + 1
        self.taken.append(material.message_id)
        if act := self.script.get(number):
            act()
        return Outcome.accepted(f"Q{number}")


@pytest.fixture
def worker(settings):
    settings.PUSHCART_CHANNELS = {"email": f"{__name__}.Scripted"}
    CHANNELS.__dict__.pop("paths", None)
    Scripted.script, Scripted.taken = {}, []
    yield Scripted
    dispatching.close_channels()
    CHANNELS.__dict__.pop("paths", None)


@pytest.fixture
def campaign(clock):
    make_audience(10)
    made = running()
    plan_due(made)
    return made


def die():
    raise Killed


def states(campaign):
    found: dict[str, int] = {}
    for state in Message.objects.filter(campaign=campaign).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_of_ten_messages_only_the_one_in_its_hands_is_uncertain(worker, campaign, clock):
    worker.script = {4: die}
    with pytest.raises(Killed):
        deliver_all()
    clock.advance(minutes=2)
    assert settling.expire_leases() == (6, 1)
    assert states(campaign) == {"accepted": 3, "uncertain": 1, "planned": 6}
    assert set(Message.objects.filter(state="accepted").values_list("provider_id", flat=True)) == {"Q1", "Q2", "Q3"}
    assert set(Message.objects.filter(state="planned").values_list("attempt", flat=True)) == {0}
    assert conservation(campaign).holds
    worker.script = {}
    deliver_all()
    assert states(campaign) == {"accepted": 9, "uncertain": 1}
    assert len(worker.taken) == len(set(worker.taken)) == 10


def test_a_worker_that_was_only_slow_sends_nothing_more_of_what_was_taken_away(worker, campaign, clock):
    def stopped_for_long():
        clock.advance(minutes=2)
        assert settling.expire_leases() == (7, 1)

    worker.script = {3: stopped_for_long}
    assert dispatching.dispatch_batch(campaign.pk) == 10
    assert len(worker.taken) == 3
    # Its late answer settles what had become uncertain.
    assert states(campaign) == {"accepted": 3, "planned": 7}
    deliver_all()
    assert states(campaign) == {"accepted": 10}
    assert len(worker.taken) == len(set(worker.taken)) == 10


@pytest.mark.parametrize("loss", ["list", "server"])
def test_where_the_journal_is_gone_everything_in_hand_is_uncertain(worker, campaign, clock, loss):
    worker.script = {4: die}
    with pytest.raises(Killed):
        deliver_all()
    if loss == "list":
        valkey.client().flushdb()
    else:
        Message.objects.filter(state="dispatching").update(journal=1)
    clock.advance(minutes=2)
    assert settling.expire_leases() == (0, 10)
    deliver_all()
    assert states(campaign) == {"uncertain": 10}
    assert len(worker.taken) == 4


def test_without_valkey_messages_go_out_and_a_death_leaves_the_window_uncertain(
    worker, campaign, clock, settings, tmp_path
):
    there, away = settings.REDIS_URL, f"unix://{tmp_path}/nobody"
    settings.REDIS_URL = away
    worker.script = {4: die}
    with pytest.raises(Killed):
        deliver_all()
    settings.REDIS_URL = there
    clock.advance(minutes=2)
    assert settling.expire_leases() == (0, 10)


def test_a_journal_that_breaks_off_ends_neither_the_sending_nor_the_promise(worker, campaign, clock):
    def cut():
        journal._open.connection.disconnect()
        journal._open.connection._connect = lambda: (_ for _ in ()).throw(ConnectionRefusedError())

    worker.script = {3: cut, 6: die}
    with pytest.raises(Killed):
        deliver_all()
    clock.advance(minutes=2)
    # From the third on nobody noted anything: whatever was in hand may have gone out.
    assert settling.expire_leases() == (0, 10)
    assert len(worker.taken) == 6
    deliver_all()
    assert len(worker.taken) == 6


def test_without_valkey_nobody_decides_what_a_dead_worker_had_begun(worker, campaign, clock, settings, tmp_path):
    worker.script = {4: die}
    with pytest.raises(Killed):
        deliver_all()
    there = settings.REDIS_URL
    settings.REDIS_URL = f"unix://{tmp_path}/nobody"
    clock.advance(minutes=2)
    assert settling.expire_leases() == (0, 0)
    assert states(campaign) == {"dispatching": 10}
    settings.REDIS_URL = there
    assert settling.expire_leases() == (6, 1)


def test_a_long_window_keeps_its_lease(worker, campaign, clock, monkeypatch):
    monkeypatch.setattr("push.delivery.handing_over.RENEW_SECONDS", 0.0)
    worker.script = dict.fromkeys(range(1, 11), lambda: clock.advance(seconds=40))
    dispatching.dispatch_batch(campaign.pk)
    assert settling.expire_leases() == (0, 0)
    assert states(campaign) == {"accepted": 10}


def test_the_list_goes_when_everything_is_settled(worker, campaign):
    deliver_all()
    assert valkey.client().keys("begun:*") == []
