"""Planning, dispatch, segments and the preferences page agree on who agrees, whatever was said and on whichever channel."""

from __future__ import annotations

from itertools import product

import pytest

from push.audiences import compiling
from push.audiences.models import Segment
from push.audiences.reach import reachable
from push.campaigns.planning import plan_due
from push.channels.agreement import agrees_now
from push.delivery import checks, facts
from push.models import Message
from push.preferences import changing
from shop import clock as time
from shop.people import consents
from tests.factories.campaigns import deliver_all, make_audience, running

pytestmark = pytest.mark.django_db

SAID = {
    "nothing": [],
    "yes": [True],
    "no": [False],
    "no, then yes": [False, True],
    "yes, then no": [True, False],
}
EXPECTED = {
    "email": {"nothing": False, "yes": True, "no": False, "no, then yes": True, "yes, then no": False},
    "inapp": {"nothing": True, "yes": True, "no": False, "no, then yes": True, "yes, then no": False},
}


@pytest.mark.parametrize(("channel", "said"), list(product(EXPECTED, SAID)))
def test_everybody_who_asks_gets_the_same_answer(smtp, clock, channel, said):
    (shopper,) = make_audience(1, agreed=False)
    campaign = running(channels=(channel,))
    for granted in SAID[said]:
        if granted:
            consents.give(shopper, channel, source="account")
        else:
            consents.withdraw(shopper, channel, source="account")
    expected = EXPECTED[channel][said]
    step = campaign.steps.get()

    assert agrees_now(shopper, channel, "marketing") is expected
    assert reachable(compiling.members(None), campaign, step).exists() is expected
    segment = Segment.objects.create(name="Agreed", rule={"type": "consent", "channel": channel})
    assert compiling.members(segment).exists() is expected
    chosen = {choice.channel: choice.granted for choice in changing.choices(shopper) if choice.topic == "marketing"}
    assert chosen[channel] is expected
    message = Message(campaign=campaign, step=step, shopper=shopper, channel=channel, planned_at=time.now())
    known = facts.gather(campaign, checks_channel(channel), [message], time.now())
    assert (checks.has_agreed(message, known) is None) is expected
    assert plan_due(campaign).planned == expected


def checks_channel(name):
    from push.channels import CHANNELS

    return CHANNELS.get(name)()


def test_leaving_the_inbox_once_stops_what_is_planned_and_what_follows(clock):
    people = make_audience(2, agreed=False)
    first = running(channels=("inapp",))
    plan_due(first)
    leaves = Message.objects.get(campaign=first, shopper=people[0])
    changing.unsubscribe(leaves)
    deliver_all()
    assert set(Message.objects.values_list("shopper", "state", "reason")) == {
        (people[0].pk, "skipped", "unsubscribed"),
        (people[1].pk, "accepted", ""),
    }
    assert plan_due(running(channels=("inapp",))).planned == 1
