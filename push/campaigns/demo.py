"""The two campaigns of the demo, so that there are messages and results to look at from the first minutes."""

from __future__ import annotations

from datetime import time, timedelta

from django.db import transaction

from push.audiences import compiling
from push.audiences.counting import count_segment
from push.audiences.models import Segment
from push.audiences.reach import reachable
from push.campaigns.launching import launch
from push.campaigns.models import Campaign, Step
from push.campaigns.planning import plan_occurrence
from push.delivery.models import PlanRun
from shop import clock

# Households on a demo box: the first send takes about half an hour and leaves the processors to the pages.
PICKS_A_MINUTE = 60
# Run key of the picks that do not wait for their weekday.
FIRST = "first"


def create_demo_campaigns() -> list[Campaign]:
    """Make and launch "Cart left" and "Weekly picks", and plan the first picks; what exists is left as it is."""
    with transaction.atomic():
        _segments()
        return [_cart_left(), _weekly_picks()]


SEGMENTS = (
    (
        "Bought within two weeks",
        "Households that are at it.",
        {"type": "all", "of": [{"type": "orders", "measure": "days_since_last", "op": "at_most", "value": 14}]},
    ),
    (
        "Lapsing",
        "Bought often, and not for a month.",
        {
            "type": "all",
            "of": [
                {"type": "orders", "measure": "count", "op": "at_least", "value": 10},
                {"type": "orders", "measure": "days_since_last", "op": "at_least", "value": 30},
            ],
        },
    ),
)


def _segments() -> None:
    for name, description, rule in SEGMENTS:
        segment, made = Segment.objects.get_or_create(name=name, defaults={"description": description, "rule": rule})
        if made:
            count_segment(segment)


def _cart_left() -> Campaign:
    campaign, made = Campaign.objects.get_or_create(
        slug="cart-left",
        defaults={
            "name": "Cart left",
            "description": "Reminds of a cart that nobody has touched for three minutes: a real shop would wait an hour. "
            "Quiet hours are off in the demo, so that mail comes while somebody looks.",
            "kind": Campaign.Kind.TRIGGER,
            "trigger": "cart_left",
            "trigger_options": {"idle_minutes": 3, "at_most_hours_old": 48},
            "holdout_share": 1000,
            "keep_quiet_hours": False,
        },
    )
    if made:
        for channel in ("email", "inapp"):
            Step.objects.create(campaign=campaign, channel=channel, slot="email", content={"template": "cart_left"})
        launch(campaign, actor=None, reason="demo", undo=timedelta(0))
    return campaign


def _weekly_picks() -> Campaign:
    campaign, made = Campaign.objects.get_or_create(
        slug="weekly-picks",
        defaults={
            "name": "Weekly picks",
            "description": "Products picked for each household, on Thursdays at ten by their own clock; the first at once.",
            "kind": Campaign.Kind.RECURRING,
            "weekday": 3,
            "at_time": time(10),
            "holdout_share": 1000,
            "keep_quiet_hours": False,
            "rate_per_minute": PICKS_A_MINUTE,
        },
    )
    if made:
        Step.objects.create(campaign=campaign, channel="email", slot="email", content={"template": "weekly_picks"})
        launch(campaign, actor=None, reason="demo", undo=timedelta(0))
    # An occurrence is planned once, ever: not while there is nobody to plan it for (the shop is loaded later).
    planned = PlanRun.objects.filter(campaign=campaign, run_key=FIRST).exists()
    if not planned and reachable(compiling.members(None), campaign, campaign.steps.get()).exists():
        plan_occurrence(campaign, run_key=FIRST, at={"": clock.now()})
    return campaign
