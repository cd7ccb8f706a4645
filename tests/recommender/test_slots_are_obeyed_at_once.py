"""Slots: every shop has them, and a change of their settings is obeyed by the next slate, whichever process answers."""

from __future__ import annotations

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from structlog.testing import capture_logs

from recommender.models import Slot
from recommender.serving import UnknownSlot, reason_text, recommend, warming
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


@pytest.mark.parametrize("late", [snapshot.follow, lambda former: snapshot.load()], ids=["a request", "the watch"])
def test_who_read_settings_late_does_not_bring_former_ones_back(shelf, save, monkeypatch, late) -> None:
    recommend("home")
    save("home", size=4)
    former = valkey.client().get(snapshot.IN_FORCE)
    opened, taken = snapshot._opened_from, []

    def slow(settings):
        """Between reading and taking over another saves, and a request of this process obeys it."""
        if not taken:
            taken.append(settings)
            save("home", size=3)
            assert len(recommend("home").items) == 3
        return opened(settings)

    monkeypatch.setattr(snapshot, "_opened_from", slow)
    late(former)
    assert taken
    assert snapshot.get("home").size == 3


def test_an_announcement_that_was_lost_does_not_bring_former_settings_back(shelf, save) -> None:
    save("home", size=3)
    assert len(recommend("home").items) == 3
    Slot.objects.filter(name="home").update(size=2)
    warming.warm_up()
    assert len(recommend("home").items) == 2


def test_a_slot_that_this_process_cannot_read_shows_nothing_and_the_others_serve(shelf, save) -> None:
    Slot.objects.filter(name="cart").update(type="from_elsewhere")
    assert recommend("cart").items == ()
    assert len(recommend("home").items) == 10


def test_what_another_release_announces_is_read_as_far_as_it_is_known_and_said_once(shelf, save) -> None:
    save("home", size=4)
    recommend("home")
    plain = {"name": "home", "type": "for_you", "size": 3}
    told = {
        **plain,
        "seasons": ["winter"],
        "version": 7,
        "pins": [["p09", 1, None, None, "everywhere"], ["p08", 2], {"product_id": "p07"}, ["p06", "third"]],
        "boosts": [{"where": 'brand == "x"', "factor": 2, "until": 1}, {"where": "weather == 1", "factor": 2}, "p01"],
        "mix": {"trending": 0.5, "from_elsewhere": 1},
        "fallbacks": ["from_elsewhere", "new"],
        "diversity": {"category": {"most": 2}},
        "rotation": "much",
    }
    hidden = {"name": "email", "type": "email_digest", "filter": "weather == 1"}
    strange = [{"name": "cart", "type": "cart_complements", "active": "at night"}, {"name": "new"}]
    with capture_logs() as logs:
        announce([told, hidden, *strange])
        slate = recommend("home")
        assert (ids(slate)[:2], len(slate.items), slate.slot_version) == (["p09", "p08"], 3, 7)
        served = snapshot.get("home")
        assert [boost.factor for boost in served.boosts] == [2.0]
        assert [kind.name for kind in (*served.fallbacks, *(kind for kind, _ in served.mix))] == ["new", "trending"]
        for name in ("email", "cart", "new"):
            # Without what keeps products out nothing is shown.
            assert recommend(name).items == ()
        announce([told, hidden, *strange, plain | {"name": "another"}])
        assert len(recommend("another").items) == 3
    said = {entry["slot"]: entry["reason"] for entry in logs if entry["event"].startswith("slot")}
    assert said["home"] == "boosts, diversity, fallbacks, mix, pins, rotation, seasons"
    assert sum(entry["log_level"] == "error" for entry in logs) == len(said) == 4


@pytest.mark.parametrize("told", [b"{}", b"[1]", b'[{"type": "new"}]', b"\xc1 packed"])
def test_an_announcement_that_is_no_list_of_slots_changes_nothing(shelf, save, told) -> None:
    save("home", size=4)
    recommend("home")
    valkey.client().mset({snapshot.SETTINGS: told, snapshot.IN_FORCE: b"another"})
    with capture_logs() as logs:
        assert [len(recommend("home").items) for _ in range(3)] == [4, 4, 4]
    assert [entry["event"] for entry in logs] == ["slots_unread"]
    save("home", size=5)
    assert len(recommend("home").items) == 5


def announce(records) -> None:
    """As a process of another release does."""
    settings = orjson.dumps(records)
    valkey.client().mset({snapshot.SETTINGS: settings, snapshot.IN_FORCE: snapshot._hash(settings)})


def test_without_valkey_slots_of_memory_serve(shelf, save, settings) -> None:
    save("home", size=3)
    recommend("home")
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"
    assert len(recommend("home").items) == 3
    assert valkey.client()
