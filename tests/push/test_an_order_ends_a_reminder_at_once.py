from __future__ import annotations

from datetime import timedelta

import pytest

from push.campaigns.models import Campaign
from push.campaigns.planning import plan_due
from push.delivery.tasks import plan
from push.models import Message
from push.results.conservation import conservation
from push.triggers.consumer import TriggersConsumer
from shop.events.consumers import Runner
from shop.events.stream import append
from tests.factories.campaigns import make_audience, running
from tests.factories.catalogue import make_product
from tests.factories.events import an_event
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_visitor

pytestmark = pytest.mark.django_db


def test_the_order_event_skips_what_is_planned_about_the_cart(clock):
    anna, wei = make_audience(2)
    product = make_product()
    carts = {}
    for person in (anna, wei):
        visitor = make_visitor(shopper_id=person.pk)
        carts[person.pk] = (make_cart(visitor, product, shopper=person), visitor)
    campaign = running(kind=Campaign.Kind.TRIGGER, trigger="cart_left", delay=timedelta(hours=3))
    clock.advance(minutes=61)
    assert plan_due(campaign).planned == 2
    order_cart(*carts[anna.pk])
    append([an_event("order_completed", shopper_id=anna.pk), an_event("product_viewed", shopper_id=wei.pk)])
    Runner(TriggersConsumer(), claim_after_ms=0).drain()
    assert dict(Message.objects.values_list("shopper", "state")) == {anna.pk: "skipped", wei.pk: "planned"}
    assert Message.objects.get(shopper=anna).reason == "ordered"
    plan()
    assert Message.objects.count() == 2
    assert conservation(campaign).holds
