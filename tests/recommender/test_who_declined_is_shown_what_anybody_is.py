"""Who declined personal rows is shown an order that does not depend on who they are: in rows, by chance, in messages."""

from __future__ import annotations

import pytest

from recommender.models import Slot
from recommender.serving import recommend, recommend_many
from recommender.slots import saving
from shop.models import Shopper

pytestmark = pytest.mark.django_db
VISITORS = [f"v-somebody-{number}" for number in range(8)]


@pytest.fixture
def steer(django_capture_on_commit_callbacks):
    def steered(name: str, **fields: float) -> None:
        slot = Slot.objects.get(name=name)
        for field, value in fields.items():
            setattr(slot, field, value)
        with django_capture_on_commit_callbacks(execute=True):
            saving.save(slot, actor=None)

    return steered


def order(slate) -> tuple[str, ...]:
    return tuple(item.product_id for item in slate.items)


def test_rotation_is_by_day_for_whoever_declined(shop, steer, clock) -> None:
    steer("home", rotation=1.0)
    assert len({order(recommend("home", visitor_id=each)) for each in VISITORS}) > 1, "others have orders of their own"

    def of_today() -> set[tuple[str, ...]]:
        return {order(recommend("home", visitor_id=each, shopper_id="s1", personalised=False)) for each in VISITORS}

    days = []
    for _ in range(6):
        (today,) = of_today()
        days.append(today)
        clock.advance(days=1)
    assert len(set(days)) > 1


def test_what_is_explored_is_drawn_by_person_only_for_whoever_did_not_decline(shop, steer) -> None:
    steer("home", exploration=0.5)

    def drawn(*, personalised: bool) -> set[tuple[str, ...]]:
        slates = (recommend("home", visitor_id=VISITORS[0], k=6, personalised=personalised) for _ in range(12))
        return {order(slate) for slate in slates}

    assert len(drawn(personalised=True)) == 1
    assert len(drawn(personalised=False)) > 1


def test_a_message_to_whoever_declined_holds_what_anybody_gets_before_a_model_learns_of_it(shop) -> None:
    own = recommend_many("email", ["s1", "nobody"], 4)
    assert (own["s1"].known, own["nobody"].known) == (True, False) or order(own["s1"]) != order(own["nobody"])
    assert Shopper.objects.filter(pk="s1").update(personalised=False) == 1
    declined = recommend_many("email", ["s1", "s2"], 4)
    assert order(declined["s1"]) == order(own["nobody"])
    assert not declined["s1"].known
    assert declined["s2"].known
