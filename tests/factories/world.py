"""A small shop with one of everything that an address of the API can name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from push.campaigns.planning import plan_due
from push.models import Segment
from push.tracking.models import Receipt
from recommender.experiments import steering
from recommender.models import ModelVersion
from shop.events.stream import append
from tests.factories.campaigns import deliver_all, make_audience, make_campaign, running
from tests.factories.catalogue import make_category, make_product
from tests.factories.events import an_event, store_all
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_visitor


@dataclass
class World:
    """Path parameter to values that lead somewhere."""

    ids: dict[str, list[Any]]

    def of(self, name: str) -> list[Any]:
        return self.ids.get(name, [])


def make_world() -> World:
    category = make_category(slug="tea")
    products = [make_product(category=category, name_en=f"Tea {number}", units_sold=number) for number in range(6)]
    (shopper,) = make_audience(1, place="Berlin")
    visitor = make_visitor()
    order = order_cart(make_cart(visitor, products[0], shopper=shopper))
    append([an_event(visitor_id=visitor.id, shopper_id=shopper.pk, product_id=products[1].pk)])
    store_all()
    model = ModelVersion.objects.create(
        algorithm="popular",
        slot="home",
        metrics={"ndcg@10": {"value": 0.2, "low": 0.1, "high": 0.3, "n": 40}},
        window_to=timezone.now(),
    )
    rule = {"type": "all", "of": [{"type": "attribute", "name": "place", "value": "Berlin"}]}
    used, free = Segment.objects.create(name="Berlin", rule=rule), Segment.objects.create(name="Everybody")
    arms = (steering.ArmPlan(), steering.ArmPlan(kind="popular"))
    steering.create(steering.Plan("drafted", "A draft", "home", arms), actor=None, reason="to know")
    draft = make_campaign(name="Draft", channels=("email", "inapp"), slate_size=2)
    launched = running(name="Launched", segment=used, channels=("inapp",), holdout_share=1000)
    plan_due(launched)
    deliver_all()
    message = launched.messages.get()
    Receipt.objects.create(message=message, kind="clicked")
    return World(
        {
            "product_id": [products[0].pk],
            "path": [category.path],
            "shopper_id": [shopper.pk],
            "order_id": [str(order.pk)],
            "model_id": [model.pk],
            "segment_id": [used.pk, free.pk],
            "campaign_id": [draft.pk, launched.pk],
            "message_id": [str(message.pk)],
            "visitor_id": [visitor.id],
            "name": ["home"],
            "key": ["drafted"],
        }
    )
