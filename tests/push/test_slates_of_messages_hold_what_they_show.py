"""The log of slates says of a message what is in it: not what was to spare, nor what was previewed, nor what nobody was sent."""

from __future__ import annotations

import pytest

from push.campaigns.planning import plan_due
from push.content.previewing import preview
from push.delivery.states import State
from push.models import Message
from recommender.explanations.replaying import replay
from recommender.feedback import shown
from recommender.models import Slate
from recommender.serving import recommend_many
from recommender.serving.sending import Sent, as_shown
from recommender.slates import slate_log
from recommender.slates.slate_log import STREAM, SlateConsumer
from shop import valkey
from shop.events.consumers import Runner
from shop.models import Product
from tests.factories.campaigns import deliver_all, make_audience, running
from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db


def logged() -> list[Slate]:
    Runner(SlateConsumer()).drain()
    return list(Slate.objects.all())


def test_what_is_logged_as_shown_is_what_the_message_holds(smtp, clock) -> None:
    for number in range(9):
        make_product(id=f"p{number}", units_sold=100 - number)
    make_audience(40)
    campaign = running(content={"template": "weekly_picks"}, slate_size=3, holdout_share=3000)
    held = plan_due(campaign).held_out
    assert held
    preview(campaign, campaign.steps.get(), "email", Message.objects.first().shopper)
    assert valkey.client().xlen(STREAM) == 0, "nobody was shown what is previewed"
    deliver_all()
    slates = {slate.pk: slate for slate in logged()}
    sent = list(Message.objects.filter(state=State.ACCEPTED))
    assert len(slates) == len(sent) == 40 - held
    for message in sent:
        slate = slates[message.slate_id]
        assert [item["product_id"] for item in slate.items] == ["p0", "p1", "p2"]
        assert [item["product_id"] for item in message.products["items"]] == ["p0", "p1", "p2"]
        assert (slate.shopper_id, slate.short, slate.context["from"]["spare"]) == (message.shopper_id, False, 4)
        assert shown.find(message.slate_id).products == {"p0", "p1", "p2"}
    assert not Message.objects.filter(state=State.GHOST).exclude(slate_id=None).exists()


def test_what_sold_out_between_is_not_logged_and_the_slate_is_explained_as_chosen(clock) -> None:
    for number in range(9):
        make_product(id=f"p{number}", units_sold=100 - number)
    (person,) = make_audience(1)
    slate = recommend_many("email", [person.pk], 7, log=False)[person.pk]
    Product.objects.filter(pk="p1").update(stock=0)
    found = as_shown(Sent(slate, person.pk, ["p0", "p2", "p3"], 3))
    assert [item.product_id for item in found.items] == ["p0", "p2", "p3"]
    assert (found.short, found.slate_id, found.chosen_from["spare"]) == (False, slate.slate_id, 4)
    assert as_shown(Sent(slate, person.pk, ["p0"], 3)).short
    slate_log.write([(found, "", person.pk)])
    (row,) = logged()
    told = replay(row)
    assert [part.product_id for part in told.explanation.parts] == ["p0", "p2", "p3"]
