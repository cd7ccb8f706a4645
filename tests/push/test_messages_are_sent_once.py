from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from push.campaigns.launching import cancel, pause, resume
from push.campaigns.models import Campaign
from push.campaigns.planning import plan_due
from push.channels.base import Channel, Outcome
from push.delivery import dispatching, settling
from push.delivery.claims import claim
from push.delivery.states import State, WrongTransition, allow
from push.delivery.watchdog import why_nothing_moves
from push.models import ContactPreference, InboxItem, Message, Suppression
from push.results.conservation import conservation
from shop.models import Shopper
from shop.people import consents
from tests.factories.campaigns import deliver_all, make_audience, running
from tests.factories.catalogue import make_product
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_channels():
    yield
    dispatching.close_channels()


@pytest.fixture
def catalogue():
    return [make_product() for _ in range(8)]


def states(campaign) -> dict[str, int]:
    found: dict[str, int] = {}
    for state, reason in Message.objects.filter(campaign=campaign).values_list("state", "reason"):
        name = f"{state} {reason}".strip()
        found[name] = found.get(name, 0) + 1
    return found


def test_every_shopper_gets_it_once_under_its_own_key(smtp, clock):
    make_audience(60)
    campaign = running()
    plan_due(campaign)
    assert deliver_all() == 60
    assert deliver_all() == 0
    ids = [envelope.data.split(b"Message-ID: ")[1].split(b"\r\n")[0] for envelope in smtp.taken]
    assert len(set(ids)) == len(ids) == 60
    assert states(campaign) == {"accepted": 60}
    assert conservation(campaign).holds
    for row in Message.objects.all():
        assert row.content_hash
        assert row.content_version == 1


def test_the_holdout_gets_ghosts_by_the_same_code(smtp, clock):
    make_audience(100)
    campaign = running(holdout_share=5000)
    planned = plan_due(campaign)
    unsubscribed = Message.objects.filter(arm="held").first().shopper
    consents.withdraw(unsubscribed, "email", source="preferences")
    deliver_all()
    line = conservation(campaign)
    assert (line.accepted, line.ghosts, line.held_skipped) == (planned.planned, planned.held_out - 1, 1)
    assert len(smtp.taken) == planned.planned
    assert not Message.objects.exclude(arm="send").filter(decided_at=None).exists()


def test_what_changed_since_planning_is_seen_at_dispatch(smtp, clock, catalogue):
    people = make_audience(6)
    campaign = running()
    plan_due(campaign)
    clock.advance(minutes=1)
    consents.withdraw(people[0], "email", source="unsubscribe")
    Suppression.objects.create(channel="email", address_hash=people[1].user.email_hash, cause="complaint")
    Shopper.objects.filter(pk=people[2].pk).update(erased_at=clock())
    visitor = make_visitor(shopper_id=people[3].pk)
    order_cart(make_cart(visitor, catalogue[0], shopper=people[3]), visitor)
    ContactPreference.objects.create(shopper=people[4], paused_until=clock() + timedelta(days=30))
    deliver_all()
    assert states(campaign) == {
        "skipped unsubscribed": 1,
        "skipped suppressed": 1,
        "skipped erased": 1,
        "skipped ordered": 1,
        "skipped paused": 1,
        "accepted": 1,
    }
    assert conservation(campaign).holds


def test_quiet_hours_hold_until_their_end_by_the_shoppers_clock(smtp, clock):
    clock.set(datetime(2026, 3, 2, 22, 30, tzinfo=UTC))
    make_audience(1, time_zone="Europe/Berlin")  # 23:30
    make_audience(1, time_zone="America/New_York")  # 17:30
    campaign = running(keep_quiet_hours=True)
    plan_due(campaign)
    deliver_all()
    assert states(campaign) == {"accepted": 1, "planned quiet_hours": 1}
    held = Message.objects.get(state="planned")
    assert held.scheduled_at == datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
    assert held.attempt == 0
    clock.set(held.scheduled_at)
    deliver_all()
    assert states(campaign) == {"accepted": 2}


def test_a_wait_beyond_the_end_is_a_skip(smtp, clock):
    clock.set(datetime(2026, 3, 2, 22, 30, tzinfo=UTC))
    make_audience(1, time_zone="Europe/Berlin")
    campaign = running(keep_quiet_hours=True, ends_at=clock() + timedelta(hours=2))
    plan_due(campaign)
    deliver_all()
    assert states(campaign) == {"skipped quiet_hours": 1}


def test_the_cap_counts_what_arrived_and_is_never_passed(smtp, clock, settings):
    settings.FREQUENCY_CAPS = {"email": (2, 7)}
    make_audience(3)
    campaigns = [running() for _ in range(3)]
    for campaign in campaigns:
        plan_due(campaign)
        deliver_all()
        clock.advance(hours=1)
    assert [states(campaign) for campaign in campaigns] == [{"accepted": 3}, {"accepted": 3}, {"skipped capped": 3}]
    clock.advance(days=7)
    last = running()
    plan_due(last)
    deliver_all()
    assert states(last) == {"accepted": 3}


def test_a_cart_is_reminded_once(smtp, clock, catalogue):
    (person,) = make_audience(1)
    visitor = make_visitor(shopper_id=person.pk)
    make_cart(visitor, catalogue[0], catalogue[1], shopper=person)
    campaign = running(
        kind=Campaign.Kind.TRIGGER, trigger="cart_left", channels=("email", "inapp"), content={"template": "cart_left"}
    )
    clock.advance(minutes=59)
    assert plan_due(campaign).planned == 0
    for _ in range(5):
        clock.advance(minutes=30)
        plan_due(campaign)
        deliver_all()
    assert states(campaign) == {"accepted": 2}
    assert len(smtp.taken) == 1
    assert InboxItem.objects.count() == 1
    assert conservation(campaign).holds


def test_the_order_ends_the_reminder(smtp, clock, catalogue):
    (person,) = make_audience(1)
    visitor = make_visitor(shopper_id=person.pk)
    cart = make_cart(visitor, catalogue[0], shopper=person)
    campaign = running(
        kind=Campaign.Kind.TRIGGER, trigger="cart_left", delay=timedelta(hours=2), content={"template": "cart_left"}
    )
    clock.advance(minutes=61)
    assert plan_due(campaign).planned == 1
    order_cart(cart, visitor)
    clock.advance(hours=2)
    deliver_all()
    assert states(campaign) in ({"skipped ordered": 1}, {"skipped run_over": 1})
    assert smtp.taken == []


def test_what_sold_out_is_not_shown(smtp, clock, catalogue):
    (person,) = make_audience(1)
    visitor = make_visitor(shopper_id=person.pk)
    make_cart(visitor, catalogue[0], catalogue[1], shopper=person)
    campaign = running(kind=Campaign.Kind.TRIGGER, trigger="cart_left", content={"template": "cart_left"}, slate_size=3)
    clock.advance(minutes=61)
    plan_due(campaign)
    type(catalogue[0]).objects.filter(pk=catalogue[0].pk).update(stock=0)
    type(catalogue[2]).objects.filter(pk=catalogue[2].pk).update(stock=0)
    deliver_all()
    shown = Message.objects.get().products
    assert shown["cart"] == [catalogue[1].pk]
    offered = [item["product_id"] for item in shown["items"]]
    assert len(offered) == 3
    assert not {product.pk for product in catalogue[:3]} & set(offered)


def test_a_pause_stops_it_and_a_resume_goes_on(smtp, clock):
    make_audience(10)
    campaign = running()
    plan_due(campaign)
    pause(campaign, actor=None)
    assert deliver_all() == 0
    assert why_nothing_moves(campaign).code == "paused"
    resume(campaign, actor=None)
    assert deliver_all() == 10
    assert len(smtp.taken) == 10


def test_cancelling_skips_the_rest(smtp, clock):
    make_audience(10)
    campaign = running()
    plan_due(campaign)
    assert cancel(campaign, actor=None) == 10
    assert deliver_all() == 0
    assert states(campaign) == {"skipped cancelled": 10}


def test_a_server_that_is_away_loses_nothing_and_is_said(clock, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    make_audience(4)
    campaign = running()
    plan_due(campaign)
    deliver_all()
    assert states(campaign) == {"planned no_connection": 4}
    stall = why_nothing_moves(campaign)
    assert (stall.code, stall.fault) == ("provider", True)
    assert conservation(campaign).holds


def test_mail_taken_without_an_answer_is_uncertain_and_not_sent_again(smtp, clock):
    smtp.on_mail = smtp.take_and_break_off
    make_audience(1)
    campaign = running()
    plan_due(campaign)
    deliver_all()
    assert states(campaign) == {"uncertain connection_lost_after_data": 1}
    clock.advance(hours=1)
    settling.expire_leases()
    assert settling.retry_uncertain() == 0
    deliver_all()
    assert len(smtp.taken) == 1


def test_transactional_mail_is_sent_again_under_the_same_key(smtp, clock):
    smtp.on_mail = smtp.take_and_break_off
    make_audience(1)
    campaign = running(transactional=True)
    plan_due(campaign)
    deliver_all()
    smtp.on_mail = smtp._take
    clock.advance(hours=1)
    assert settling.retry_uncertain() == 1
    deliver_all()
    assert states(campaign) == {"accepted": 1}
    assert len(smtp.taken) == 2
    assert smtp.taken[0].data.split(b"Message-ID: ")[1][:40] == smtp.taken[1].data.split(b"Message-ID: ")[1][:40]


def test_a_worker_that_died_before_the_call_loses_nothing(smtp, clock):
    make_audience(3)
    campaign = running()
    plan_due(campaign)
    claim(campaign.pk)
    assert deliver_all() == 0
    clock.advance(minutes=2)
    assert settling.expire_leases() == (3, 0)
    deliver_all()
    assert states(campaign) == {"accepted": 3}


class Dying(Channel):
    """Dies in the middle of the second message."""

    name = "email"
    label = "Dying"
    sent = 0

    def address(self, shopper):
        return "x@example.org"

    def send(self, rendered, material):
        type(self).sent += 1
        if self.sent == 2:
            raise KeyboardInterrupt
        return Outcome.accepted()


def test_a_worker_that_died_after_the_call_leaves_uncertain(clock, settings):
    settings.PUSHCART_CHANNELS = {"email": f"{__name__}.Dying"}
    from push.channels import CHANNELS

    CHANNELS.__dict__.pop("paths", None)
    try:
        make_audience(3)
        campaign = running()
        plan_due(campaign)
        with pytest.raises(KeyboardInterrupt):
            deliver_all()
        clock.advance(minutes=2)
        assert settling.expire_leases() == (1, 1)
        assert states(campaign) == {"accepted": 1, "uncertain worker_died": 1, "planned": 1}
        assert conservation(campaign).uncertain == 1
    finally:
        CHANNELS.__dict__.pop("paths", None)


def test_the_table_of_transitions_is_obeyed():
    allow(State.PLANNED, State.CLAIMED)
    with pytest.raises(WrongTransition):
        allow(State.ACCEPTED, State.PLANNED)
    with pytest.raises(WrongTransition):
        allow(State.PLANNED, State.ACCEPTED)


def test_a_row_that_vanishes_is_found_by_conservation(clock):
    make_audience(3)
    campaign = running()
    plan_due(campaign)
    Message.objects.first().delete()
    line = conservation(campaign)
    assert (line.missing, line.holds) == (1, False)


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_claim_each_message_once():
    make_audience(400)
    campaign = running()
    plan_due(campaign)
    claimed: list = []

    def work():
        while messages := claim(campaign.pk, 20)[1]:
            claimed.extend(message.pk for message in messages)
        connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 400
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(attempt) FROM push_message")
        assert cursor.fetchone()[0] == 1
