"""Wherever it says who did something, operators read the name of a colleague, not a number."""

from __future__ import annotations

import pytest
from django.urls import reverse

from recommender.experiments import steering
from recommender.experiments.models import Arm
from recommender.experiments.steering import ArmPlan, Plan
from recommender.models import Slot
from recommender.slots import saving
from shop.models import User
from shop.operators import audit
from shop.operators.naming import operator_name
from shop.orders import changing
from shop.orders.payment import PENDING_CARD
from tests.factories.catalogue import make_product
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_operator, make_shopper, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira() -> User:
    mira = make_operator()
    mira.name = "Mira Keller"
    mira.save()
    return mira


def test_slots_experiments_orders_and_the_audit_log_name_the_operator(client, mira) -> None:
    slot = saving.save(Slot(name="autumn", type="trending"), actor=mira, reason="the season")
    arms = [ArmPlan(), ArmPlan(kind=Arm.Kind.POPULAR)]
    plan = Plan(key="season", title="The season", slot="autumn", arms=arms)
    experiment = steering.create(plan, actor=mira, reason="to know")
    visitor = make_visitor()
    order = order_cart(make_cart(visitor, make_product()), visitor, card_number=PENDING_CARD)
    changing.confirm(order, actor=mira, reason="the bank's file")
    client.force_login(make_operator(User.Role.VIEWER))
    for page in (
        reverse("admin:recommender_slot_changelist"),
        reverse("admin:recommender_slot_change", args=[slot.pk]),
        reverse("admin:experiments"),
        reverse("admin:experiment", args=[experiment.pk]),
        reverse("admin:shop_order_change", args=[order.pk]),
        reverse("admin:shop_auditentry_changelist"),
    ):
        shown = client.get(page).content.decode()
        assert "Mira Keller" in shown, page
        assert f"user {mira.pk}" not in shown, page
        assert f"operator {mira.pk}" not in shown, page


def test_who_has_no_name_is_called_by_address_and_a_shopper_by_neither(client) -> None:
    nameless, shopper = make_operator(email="desk@example.org"), make_shopper("ada@example.org", name="Ada").user
    assert operator_name(nameless) == "desk@example.org"
    assert operator_name(shopper) == f"operator {shopper.pk}"
    assert operator_name(None) == ""
    client.force_login(nameless)
    for actor in (nameless, shopper, None):
        audit.record("slot.change", actor=actor)
    audit.record("slot.change", api_key="sk_live_ab12")
    page = client.get(reverse("admin:shop_auditentry_changelist")).content.decode()
    assert [name in page for name in ("desk@example.org", "sk_live_ab12", "by itself", "Ada")] == [
        True,
        True,
        True,
        False,
    ]
