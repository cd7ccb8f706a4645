"""What came of a campaign: attributed and incremental, never confused, and never made up."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from push.campaigns.models import Campaign
from push.delivery.models import Message
from push.delivery.states import Arm, State
from push.models import Attribution, PlanRun
from push.results.attribution import attribute
from push.results.incremental import incremental
from push.results.report import report
from push.tracking.models import Receipt
from shop import clock
from shop.events.stream import append
from shop.models import Order, Shopper, User
from tests.factories.events import an_event, store_all
from tests.factories.messages import make_message, make_step
from tests.factories.people import make_shopper

pytestmark = pytest.mark.django_db


def an_order(shopper: Shopper, after: timedelta = timedelta(0), total: str = "20.00", **fields) -> Order:
    return Order.objects.create(
        number=uuid.uuid4().hex[:12],
        shopper=shopper,
        checkout_key=uuid.uuid4(),
        subtotal=total,
        total=Decimal(total),
        placed_at=clock.now() + after,
        **fields,
    )


def a_click(message: Message, ago: timedelta, bot_score: float = 0.0) -> Receipt:
    return Receipt.objects.create(message=message, kind=Receipt.Kind.CLICKED, at=clock.now() - ago, bot_score=bot_score)


def test_an_order_is_put_down_to_the_last_touch(clock) -> None:
    shopper = make_shopper()
    message = make_message(shopper)
    a_click(message, timedelta(hours=3))
    slate = uuid.uuid4()
    append([an_event("slate_clicked", clock() - timedelta(hours=1), shopper_id=shopper.pk, slate_id=slate)])
    store_all()
    order = an_order(shopper)
    attribute()
    found = Attribution.objects.get(order=order)
    assert (found.touch, found.slate_id) == ("slate", slate)


@pytest.mark.parametrize(("ago", "score", "counts"), [(4.9, 0.0, True), (5.1, 0.0, False), (1.0, 0.9, False)])
def test_a_click_counts_within_its_window_and_only_a_humans(clock, ago, score, counts) -> None:
    shopper = make_shopper()
    a_click(make_message(shopper), timedelta(days=ago), score)
    an_order(shopper)
    attribute()
    assert Attribution.objects.exists() is counts


def test_an_inbox_click_counts_for_a_day(clock) -> None:
    shopper = make_shopper()
    a_click(make_message(shopper, make_step("inapp")), timedelta(hours=25))
    an_order(shopper)
    attribute()
    assert not Attribution.objects.exists()


def test_a_click_after_the_order_is_no_touch_and_imported_orders_have_none(clock) -> None:
    shopper = make_shopper()
    a_click(make_message(shopper), timedelta(0))
    an_order(shopper, after=-timedelta(minutes=1))
    an_order(shopper, source="history")
    attribute()
    assert not Attribution.objects.exists()


def test_attributing_twice_writes_nothing_and_a_late_event_moves_it(clock) -> None:
    shopper = make_shopper()
    a_click(make_message(shopper), timedelta(hours=3))
    order = an_order(shopper)
    assert attribute() == 1
    assert attribute() == 0
    append([an_event("slate_clicked", clock() - timedelta(hours=2), shopper_id=shopper.pk, slate_id=uuid.uuid4())])
    store_all()
    assert attribute() == 1
    assert Attribution.objects.get(order=order).touch == "slate"


def people(count: int) -> list[Shopper]:
    users = User.objects.bulk_create([User() for _ in range(count)])
    return Shopper.objects.bulk_create([Shopper(user=user) for user in users])


def a_campaign(treated: int, held: int, ordered: int, held_ordered: int, **fields) -> Campaign:
    """A finished campaign of whose people so many ordered within the window."""
    step = make_step()
    campaign = step.campaign
    share = round(10_000 * held / (treated + held))
    options = {"holdout_share": share, "status": Campaign.Status.FINISHED, "window_days": 5, **fields}
    Campaign.objects.filter(pk=campaign.pk).update(**options)
    campaign.refresh_from_db()
    decided = clock.now() - timedelta(days=6)
    for arm, state, count, buyers in (
        (Arm.SEND, State.ACCEPTED, treated, ordered),
        (Arm.HELD, State.GHOST, held, held_ordered),
    ):
        chosen = people(count)
        Message.objects.bulk_create(
            Message(
                id=uuid.uuid4(),
                campaign=campaign,
                step=step,
                shopper=shopper,
                channel="email",
                bucket=1,
                arm=arm,
                state=state,
                planned_at=decided,
                scheduled_at=decided,
                decided_at=decided,
                settled_at=decided,
            )
            for shopper in chosen
        )
        Order.objects.bulk_create(
            Order(
                number=uuid.uuid4().hex[:12],
                shopper=shopper,
                checkout_key=uuid.uuid4(),
                subtotal=10,
                total=10,
                placed_at=decided + timedelta(days=1),
            )
            for shopper in chosen[:buyers]
        )
    PlanRun.objects.create(campaign=campaign, step=step, planned=treated, held_out=held)
    return campaign


def test_a_campaign_that_caused_orders_is_said_to_have_caused_them(clock) -> None:
    found = report(a_campaign(900, 100, 180, 5))
    assert found.verdict.label == "caused"
    assert found.verdict.heading == "Cart left caused orders: about 135 more than without it."
    assert "20.00" in found.verdict.text
    assert "5.00" in found.verdict.text
    assert found.line.holds


def test_a_loss_is_said_as_plainly_as_a_gain(clock) -> None:
    found = report(a_campaign(900, 100, 90, 40))
    assert found.verdict.label == "cost"
    assert "fewer than without it" in found.verdict.heading


def test_no_difference_is_not_an_effect_and_says_what_would_settle_it(clock) -> None:
    found = report(a_campaign(900, 100, 92, 10))
    assert found.verdict.label == "unclear"
    assert "more waiting will not settle it" in found.verdict.text


def test_a_running_campaign_has_the_wider_interval_and_says_how_long(clock) -> None:
    finished = incremental(a_campaign(900, 100, 180, 10)).orders
    campaign = a_campaign(900, 100, 180, 10, status=Campaign.Status.RUNNING)
    running = incremental(campaign).orders
    assert running.always_valid
    assert running.high - running.low > finished.high - finished.low


def test_without_a_holdout_there_is_no_uplift_figure(clock) -> None:
    found = report(a_campaign(100, 0, 50, 0, holdout_share=0))
    assert found.incremental.orders is None
    assert found.verdict.heading == "No holdout, so no uplift figure."


def test_a_wrong_split_hides_the_figure_and_says_why(clock) -> None:
    found = report(a_campaign(500, 500, 100, 50, holdout_share=1000))
    assert found.incremental.orders is None
    assert found.verdict.heading.startswith("The holdout was not drawn as asked")


def test_the_split_of_what_runs_may_be_looked_at_every_day(clock) -> None:
    divided = {"treated": 116, "held": 64, "ordered": 20, "held_ordered": 10, "holdout_share": 5000}
    assert incremental(a_campaign(**divided)).problem == "split", (
        "the control: for one look at the end it is too unlikely"
    )
    running = incremental(a_campaign(**divided, status=Campaign.Status.RUNNING))
    assert running.problem != "split"
    assert running.split_p > 0.001
    far = {**divided, "treated": 140, "held": 40}
    assert incremental(a_campaign(**far, status=Campaign.Status.RUNNING)).problem == "split"


def test_orders_after_the_window_do_not_count(clock) -> None:
    campaign = a_campaign(50, 50, 10, 10, window_days=1)
    late = campaign.messages.filter(arm=Arm.SEND).order_by("id").values_list("shopper_id", flat=True)[:40]
    before = incremental(campaign).treated.orders.total
    for shopper in Shopper.objects.filter(pk__in=list(late)):
        an_order(shopper, after=-timedelta(days=2))
    assert incremental(campaign).treated.orders.total == before


def test_the_skipped_stay_in_the_comparison(clock) -> None:
    campaign = a_campaign(90, 10, 9, 1)
    Message.objects.filter(pk__in=campaign.messages.filter(arm=Arm.SEND).values("pk")[:30]).update(
        state=State.SKIPPED, reason="no_consent"
    )
    found = report(campaign)
    assert found.incremental.treated.people == 90
    assert [(row.state, row.reason, row.count) for row in found.not_got] == [("skipped", "no_consent", 30)]
    assert found.line.holds


def test_an_empty_campaign_has_a_report(clock) -> None:
    found = report(make_step().campaign)
    assert found.verdict.label == "early"
    assert [step.count for step in found.funnel] == [0, 0, 0, 0, 0]


def test_simulated_people_are_said_apart_on_both_sides_of_the_holdout(clock):
    step = make_step()
    for number, (arm, simulated, decided) in enumerate(
        [
            (Arm.SEND, True, True),
            (Arm.SEND, False, True),
            (Arm.HELD, True, True),
            (Arm.GLOBAL, True, True),
            (Arm.SEND, True, False),
        ]
    ):
        fields = {} if decided else {"state": State.PLANNED, "decided_at": None, "settled_at": None}
        make_message(make_shopper(f"p{number}@example.org"), step, arm=arm, simulated=simulated, **fields)
    found = report(step.campaign)
    assert found.simulated_people == 2
    assert found.incremental.treated.people + found.incremental.held.people == 3
