from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from push.campaigns.demo import create_demo_campaigns
from push.models import Campaign, Message, PlanRun
from tests.factories.campaigns import deliver_all, make_audience
from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db


def test_the_demo_campaigns_run_and_are_made_once(smtp, clock):
    make_audience(40, simulated=True)
    for _ in range(6):
        make_product()
    create_demo_campaigns()
    create_demo_campaigns()
    assert set(Campaign.objects.values_list("slug", "status")) == {
        ("cart-left", "running"),
        ("weekly-picks", "running"),
    }
    assert Message.objects.count() == 40
    clock.advance(minutes=2)
    deliver_all()
    assert len(smtp.taken) == Message.objects.filter(state="accepted").count() > 20
    assert not Message.objects.filter(state="skipped").exists()


def test_campaigns_made_before_there_is_anybody_plan_their_first_send_later(smtp, clock):
    said = StringIO()
    call_command("demo_campaigns", stdout=said)
    assert "load_demo" in said.getvalue()
    assert not PlanRun.objects.exists()
    make_audience(5, simulated=True)
    for _ in range(2):
        call_command("demo_campaigns", stdout=StringIO())
    assert Message.objects.count() == 5
    assert [run.planned + run.held_out for run in PlanRun.objects.all()] == [5]
