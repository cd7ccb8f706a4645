"""A step shows any slot of the shop; one that was deleted costs the message its block, never the batch."""

from __future__ import annotations

import pytest

from push.campaigns.fields import StepInSerializer
from push.delivery.models import State
from push.delivery.showing import NOTHING, pick
from recommender.models import Slot
from recommender.slots import saving
from tests.factories.catalogue import make_product
from tests.factories.messages import make_message, make_step
from tests.factories.people import make_shopper

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


def test_messages_of_a_deleted_slot_go_without_it_and_others_keep_theirs() -> None:
    for number in range(4):
        make_product(id=f"p{number}")
    shopper = make_shopper()
    gone, kept = (make_message(shopper, make_step(), State.CLAIMED) for _ in range(2))
    gone.step.slot = "deleted"
    picked = pick([gone, kept], {shopper.pk: shopper})
    assert picked[gone.pk] == NOTHING
    assert len(picked[kept.pk].products) > 1
