"""Slots: every shop has them, and a change of their settings is obeyed by the next slate, whichever process answers."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommender.models import Slot
from recommender.serving import UnknownSlot, reason_text, recommend
from recommender.slots import saving, snapshot
from recommender.slots.defaults import DEFAULT_SLOTS
from shop import valkey
from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    for number in range(14):
        make_product(id=f"p{number:02}", units_sold=100 - number)


@pytest.fixture
def save(django_capture_on_commit_callbacks):
    """Save a slot by name with some fields changed, and tell it."""

    def saved(name: str, **fields) -> Slot:
        slot = Slot.objects.filter(name=name).first() or Slot(name=name, type="for_you")
        for field, value in fields.items():
            setattr(slot, field, value)
        with django_capture_on_commit_callbacks(execute=True):
            return saving.save(slot, actor=None)

    return saved


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


def test_the_slots_of_a_new_shop_serve_without_their_rows_too(shelf) -> None:
    made = snapshot.packed()
    Slot.objects.all().delete()
    rows, defaults = snapshot._opened_from(made), snapshot._opened_from(snapshot.packed())
    assert {slot["name"] for slot in DEFAULT_SLOTS} == set(defaults) == set(rows)
    for name, slot in defaults.items():
        assert (slot.kind.name, slot.size, slot.diversity) == (
            rows[name].kind.name,
            rows[name].size,
            rows[name].diversity,
        )
    assert len(recommend("home").items) == 10


def test_a_change_is_obeyed_by_the_next_slate_without_a_query(shelf, save) -> None:
    assert len(recommend("home").items) == 10
    save("home", size=3, heading_en="From our buyers", heading_zh="买手之选")
    with CaptureQueriesContext(connection) as queries:
        slate = recommend("home")
    assert (len(slate.items), slate.slot_version, len(queries)) == (3, 2, 0)
    # Popularity is said to be popularity, whatever the operator would like to call it.
    assert reason_text(slate.heading) == "Popular this week"


def test_a_new_slot_is_asked_by_its_name_and_one_that_is_off_shows_nothing(shelf, save) -> None:
    with pytest.raises(UnknownSlot, match="'second-row': there are buy-again, cart"):
        recommend("second-row")
    save("second-row", type="for_you", size=4)
    slate = recommend("second-row")
    assert (slate.slot, len(slate.items)) == ("second-row", 4)
    save("second-row", active=False)
    slate = recommend("second-row")
    assert (slate.items, slate.note) == ((), "This slot is switched off.")


def test_an_announcement_that_was_lost_does_not_bring_former_settings_back(shelf, save) -> None:
    save("home", size=3)
    assert len(recommend("home").items) == 3
    Slot.objects.filter(name="home").update(size=2)
    snapshot.load()
    assert len(recommend("home").items) == 2


def test_a_slot_that_this_process_cannot_read_shows_nothing_and_the_others_serve(shelf, save) -> None:
    Slot.objects.filter(name="cart").update(type="from_elsewhere")
    assert recommend("cart").items == ()
    assert len(recommend("home").items) == 10


def test_without_valkey_slots_of_memory_serve(shelf, save, settings) -> None:
    save("home", size=3)
    recommend("home")
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"
    assert len(recommend("home").items) == 3
    assert valkey.client()
