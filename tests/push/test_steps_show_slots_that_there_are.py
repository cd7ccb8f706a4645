"""A step shows any slot of the shop that has products; one that was deleted costs the message its block, never the batch."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from push.campaigns import launching
from push.campaigns.fields import StepInSerializer
from push.delivery.models import State
from push.delivery.showing import NOTHING, pick
from recommender.models import Slot
from recommender.slots import saving
from tests.factories.campaigns import make_campaign
from tests.factories.catalogue import make_product
from tests.factories.messages import make_message, make_step
from tests.factories.people import make_operator, make_shopper

pytestmark = pytest.mark.django_db


def test_a_slot_of_ones_own_is_taken_and_a_name_without_one_is_refused(django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        saving.save(Slot(name="tea-for-the-weekend", type="email_digest"), actor=None)
    step = {"position": 1, "channel": "email", "slot": "tea-for-the-weekend"}
    assert StepInSerializer(data=step).is_valid()
    ranking = StepInSerializer(data=step | {"slot": "search"})
    assert not ranking.is_valid(), "it orders what a page shows, and a message shows nothing by itself"
    wrong = StepInSerializer(data=step | {"slot": "no-such"})
    assert not wrong.is_valid()
    assert "tea-for-the-weekend" in str(wrong.errors["slot"])


def test_a_slot_that_orders_pages_is_shown_by_no_message(client) -> None:
    step = {"position": 1, "channel": "email", "slot": "search"}
    wrong = StepInSerializer(data=step)
    assert not wrong.is_valid()
    said = str(wrong.errors["slot"])
    assert ("has none of its own" in said, "email" in said, "category" in said) == (True, True, False)
    campaign = make_campaign(slate_size=3)
    assert launching.missing(campaign) == []
    campaign.steps.update(slot="search")
    assert "“search” puts a page's products in order" in launching.missing(campaign)[0]
    campaign.steps.update(slate_size=0)
    assert launching.missing(campaign) == [], "it shows none"

    client.force_login(make_operator())
    address = reverse("admin:push_campaign_change", args=[campaign.pk])
    form = client.get(address).context["adminform"].form
    lines = client.get(address).context["inline_admin_formsets"][0].formset
    posted = {name: form[name].value() for name in form.fields} | {
        f"{each.prefix}-{name}": each[name].value()
        for each in (lines.management_form, *lines.initial_forms)
        for name in each.fields
    }
    posted = {name: value for name, value in posted.items() if value not in (None, False)}
    prefix = lines.initial_forms[0].prefix
    answer = client.post(address, {**posted, f"{prefix}-slate_size": 3, f"{prefix}-content": "{}"})
    assert "has none of its own" in str(answer.context["inline_admin_formsets"][0].formset.errors[0]["slot"])


def test_a_slot_that_a_campaign_shows_does_not_become_one_that_orders_pages() -> None:
    slot = saving.save(Slot(name="tea", type="email_digest"), actor=None)
    campaign = make_campaign(name="Soup week")
    campaign.steps.update(slot="tea")
    slot.type = "search_ranking"
    with pytest.raises(ValidationError, match="The campaign “Soup week” shows it"):
        saving.save(slot, actor=None)
    campaign.delete()
    assert saving.save(slot, actor=None).type == "search_ranking"


@pytest.mark.parametrize("slot", ["deleted", "search"])
def test_messages_of_a_slot_that_has_no_products_go_without_and_others_keep_theirs(slot) -> None:
    for number in range(4):
        make_product(id=f"p{number}")
    shopper = make_shopper()
    gone, kept = (make_message(shopper, make_step(), State.CLAIMED) for _ in range(2))
    gone.step.slot = slot
    picked = pick([gone, kept], {shopper.pk: shopper})
    assert picked[gone.pk] == NOTHING
    assert len(picked[kept.pk].products) > 1
