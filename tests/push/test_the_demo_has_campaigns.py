from __future__ import annotations

import pytest

from push.campaigns.demo import create_demo_campaigns
from push.models import Campaign, Message
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
