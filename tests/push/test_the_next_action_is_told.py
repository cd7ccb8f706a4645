"""``manage.py next_action``: what was sent and held out is counted, what helps is told with its grounds, the rest is left."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import timedelta
from itertools import count

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from push.decisions.logged import NAMES, action_of, actions_by_week, margins_by_week
from push.decisions.next_action import RFM, RFM_WEEKS, STATES, Rule, advise, rfm
from push.delivery.models import Message
from push.delivery.states import State
from recommender.dataset.building import read_dataset
from shop import clock
from shop.models import Order, OrderLine, Shopper
from tests.factories import campaigns
from tests.factories.campaigns import make_audience, make_campaign
from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db

WEEK = timedelta(weeks=1)
WEEKS, FEW = 12, 48


def message(campaign, shopper, at, state=State.ACCEPTED) -> Message:
    step = campaign.steps.get()
    return Message(
        id=uuid.uuid4(),
        campaign=campaign,
        step=step,
        shopper=shopper,
        channel="email",
        run_key=str(at),
        bucket=1,
        state=state,
        planned_at=at,
        scheduled_at=at,
        decided_at=at,
    )


def order(shopper, at, **fields) -> Order:
    key = uuid.uuid4()
    money = {"subtotal": 20, "total": 20, **fields}
    return Order(
        id=key, number=key.hex[:16], shopper=shopper, checkout_key=key, placed_at=at, source="history", **money
    )


def test_the_strongest_of_a_week_counts_and_who_was_held_out_got_nothing() -> None:
    now = clock.now()
    shoppers = make_audience(3, agreed=False)
    ids = [shopper.pk for shopper in shoppers]
    remind = make_campaign(kind="trigger", trigger="cart_left")
    picks = make_campaign(kind="recurring")
    offer = make_campaign(content={"template": "weekly_picks", "offer": True})
    Message.objects.bulk_create(
        [
            message(remind, shoppers[0], now - WEEK / 2),
            message(picks, shoppers[0], now - WEEK / 2),
            message(offer, shoppers[0], now - 1.5 * WEEK),
            message(picks, shoppers[0], now - 1.5 * WEEK),
            message(remind, shoppers[1], now - WEEK / 2, State.GHOST),
            message(picks, shoppers[1], now - 1.5 * WEEK, State.SKIPPED),
            message(picks, shoppers[1], now - 9 * WEEK),
        ]
    )
    until = int(now.timestamp() * 1000)
    done = actions_by_week(ids, until, 2)
    assert [[NAMES[action] for action in row] for row in done.action] == [
        ["offer", "remind"],
        ["nothing"] * 2,
        ["nothing"] * 2,
    ]
    assert done.occasion.tolist() == [[False, True], [False, True], [False, False]]
    assert done.reached.tolist() == [True, True, False]
    named = actions_by_week(ids, until, 2, {picks.slug: "offer"})
    assert NAMES[named.action[0, 1]] == "offer"
    assert action_of("broadcast", {}) == "recommend"


def test_a_margin_is_of_what_was_paid_and_kept_less_the_discount() -> None:
    now = clock.now()
    one, other = make_audience(2, agreed=False)
    Order.objects.bulk_create(
        [
            order(one, now - WEEK / 2, subtotal=50, refunded=10, discount=5),
            order(one, now - WEEK / 2, subtotal=10),
            order(one, now - WEEK / 2, subtotal=99, status=Order.Status.CANCELLED),
            order(other, now - 3 * WEEK),
        ]
    )
    margin, orders, spent = margins_by_week([one.pk, other.pk], int(now.timestamp() * 1000), 2, 0.5)
    assert margin.tolist() == [[0, 0.5 * 40 - 5 + 0.5 * 10], [0, 0]]
    assert orders.tolist() == [[0, 2], [0, 0]]
    assert spent.tolist() == [[0, 50], [0, 0]]


def test_rfm_knows_the_half_year_before_a_week_and_not_the_week_itself() -> None:
    orders, spent = np.zeros((2, RFM_WEEKS + 2), np.int64), np.zeros((2, RFM_WEEKS + 2))
    orders[0, -1], spent[0, -1] = 3, 60.0
    orders[1, 0], spent[1, 0] = 1, 10.0
    orders[1, -1], spent[1, -1] = 1, 10.0
    told = [[RFM[code] for code in row] for row in rfm(orders, spent, 2)]
    assert told == [
        ["no orders", "no orders", "much, lately, often"],
        # Half a year later it is forgotten.
        ["little, long ago, seldom", "no orders", "little, lately, seldom"],
    ]


@pytest.fixture
def shop(monkeypatch, request):
    """Carts are left at random; half of the owners are reminded, and nearly all of those order; picks do nothing.

    As many shoppers as a test's parameter says, or a few.
    """
    now, rng = clock.now(), np.random.default_rng(4)
    product = make_product()
    # The same names whatever ran before: by them, and nothing else, shoppers are shared out for judging.
    monkeypatch.setattr(campaigns, "_number", count(100))
    shoppers = make_audience(getattr(request, "param", FEW), agreed=False)
    remind = make_campaign(kind="trigger", trigger="cart_left", slug="left")
    picks = make_campaign(kind="recurring", slug="picks")
    sent, orders = [], []
    for shopper in shoppers:
        for week in range(WEEKS):
            at = now - (week + 0.5) * WEEK
            fired, held, picked, lucky = rng.random(4) < (0.5, 0.5, 0.5, 0.1)
            if fired:
                sent.append(message(remind, shopper, at, State.GHOST if held else State.ACCEPTED))
            if picked and not fired:
                sent.append(message(picks, shopper, at))
            if lucky or (fired and not held and rng.random() < 0.9) or week == WEEKS - 1:
                orders.append(order(shopper, at + timedelta(hours=1)))
    orders.append(order(shoppers[0], now))
    Message.objects.bulk_create(sent)
    Order.objects.bulk_create(orders)
    OrderLine.objects.bulk_create(OrderLine(order=each, product=product, quantity=1, unit_price=20) for each in orders)
    return shoppers


# So many that the interval is above zero whoever of them judges.
@pytest.mark.parametrize("shop", [144], indirect=True)
def test_what_helps_is_told_and_what_does_not_is_left(shop, capsys) -> None:
    call_command("next_action", "--weeks", "11", "--least", "8", "--margin", "0.5", "--json")
    told = json.loads(capsys.readouterr().out)
    fired = [row for row in told["states"] if "trigger fired" in row["state"]]
    quiet = [row for row in told["states"] if "trigger fired" not in row["state"]]
    large = [row for row in fired if row["decisions"]["remind"] >= 15]
    assert large
    assert {row["action"] for row in large} == {"remind"}
    assert min(row["gain"] for row in large) > 3
    # Nobody was reminded without a cart, and no offer was ever made: neither is chosen, whatever it might bring.
    assert {row["action"] for row in quiet} <= {"nothing", "recommend"}
    assert sum(row["decisions"]["offer"] for row in told["states"]) == 0
    # Reminding everybody beats reminding half, beyond the interval.
    assert told["judged"]["gain"]["low"] > 0
    assert told["judged"]["snips"]["value"] > told["judged"]["logged"]["value"]


def test_what_is_told_hangs_on_no_order_in_which_shoppers_are_read(shop) -> None:
    dataset, rule = read_dataset(), Rule(weeks=11, least=8, margin=0.5)
    last = len(dataset.shopper_ids) - 1
    turned = replace(
        dataset,
        shopper_ids=dataset.shopper_ids[::-1],
        session_shopper=np.where(dataset.session_shopper >= 0, last - dataset.session_shopper, -1).astype(np.int32),
    )
    one, other = (advise(each, rule=rule) for each in (dataset, turned))
    assert one.judged == other.judged
    assert one.shopper_ids == other.shopper_ids
    assert one.now.tolist() == other.now.tolist()
    assert one.gain.tolist() == other.gain.tolist()


def test_one_shopper_s_action_is_told_with_its_reason_unless_they_refused(shop, capsys) -> None:
    options = {"weeks": 11, "least": 8}
    call_command("next_action", shop[1].pk, **options)
    said = capsys.readouterr().out
    assert said.startswith(f"{shop[1].pk}: ")
    assert any(state in said for state in STATES)
    call_command("next_action", **options)
    table = capsys.readouterr().out
    assert "this policy (DR)" in table
    Shopper.objects.filter(pk=shop[1].pk).update(personalised=False)
    with pytest.raises(CommandError, match="does not want"):
        call_command("next_action", shop[1].pk, **options)
    with pytest.raises(CommandError, match="nothing is known of nobody"):
        call_command("next_action", "nobody", **options)
    with pytest.raises(CommandError, match="SLUG=ACTION"):
        call_command("next_action", campaign=["picks=shout"])


def test_a_shop_without_anybody_says_what_it_lacks() -> None:
    with pytest.raises(CommandError, match="0 known shoppers"):
        call_command("next_action")
