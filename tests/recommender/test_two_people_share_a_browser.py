"""Who comes after somebody at one browser is shown nothing of what the one before did there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recommender.serving import recommend
from shop import clock
from shop.events import stream
from shop.events.sessions import Session, read_session
from tests.factories.catalogue import make_product
from tests.factories.events import an_event

pytestmark = pytest.mark.django_db
VISITOR, ANNA, BERT = "v-shared-browser", "s-anna", "s-bert"


@pytest.fixture
def shelf() -> None:
    for number in range(6):
        make_product(id=f"p{number}")


def act(product_id: str = "", who: str = "", *, type: str = "product_viewed", minutes: float = 0, vouched=True) -> None:
    """An act of today at noon, and so many minutes."""
    at = clock.now() - timedelta(hours=2) + timedelta(minutes=minutes)
    event = an_event(type, at, visitor_id=VISITOR, shopper_id=who, product_id=product_id)
    stream.append([event], vouched=vouched)


def session() -> Session:
    found = read_session(VISITOR)
    assert found is not None
    return found


def viewed() -> list[str]:
    return [each.product_id for each in session().acts]


def recently_viewed(**who: str) -> set[str]:
    return {item.product_id for item in recommend("recently-viewed", visitor_id=VISITOR, **who).items}


def of_anna() -> Session:
    """Anna looks round, logs in, fills the cart and orders."""
    act("p0")
    act("p1", ANNA, minutes=1)
    act("p2", ANNA, type="product_added", minutes=2)
    act("p3", ANNA, type="order_completed", minutes=3)
    act("p4", ANNA, type="product_added", minutes=4)
    return session()


@pytest.mark.parametrize("vouched", [True, False])
def test_another_shopper_begins_a_session_of_their_own(clock, shelf, vouched) -> None:
    first = of_anna()
    assert [each.product_id for each in first.acts] == ["p0", "p1", "p2", "p3", "p4"], "a log-in goes on"
    assert (first.in_cart, first.bought) == (["p4"], ["p3"])
    assert recently_viewed() == {"p0", "p1"}
    act("p5", BERT, minutes=5, vouched=vouched)
    now = session()
    assert now.session_id != first.session_id
    assert now.shopper_id == (BERT if vouched else ""), "a browser's own word opens nobody's history"
    assert (viewed(), now.in_cart, now.bought, now.earlier) == (["p5"], [], [], [])
    assert recently_viewed() == {"p5"}


def test_what_is_told_late_of_the_one_before_changes_nothing_of_who_is_there(clock, shelf) -> None:
    of_anna()
    act("p5", BERT, minutes=5)
    act("p1", ANNA, minutes=4)
    assert (viewed(), session().shopper_id) == (["p5"], BERT)
    act("p1", minutes=6)
    assert viewed() == ["p5", "p1"], "the control"


@pytest.mark.parametrize("told", ["order_cancelled", "order_refunded"])
def test_what_becomes_of_an_order_says_nothing_of_who_is_there(clock, shelf, told) -> None:
    of_anna()
    act("p3", ANNA, type=told, minutes=5)
    assert session().bought == ([] if told == "order_cancelled" else ["p3"]), "who bought it is there"
    act("p5", BERT, minutes=6)
    act("p5", BERT, type="order_completed", minutes=7)
    before = session()
    act("p5", ANNA, type=told, minutes=60)
    assert session() == before, "neither ended nor moved to another shopper, nor its purchases taken back"
    act(type="logged_out", minutes=61)
    act("p1", ANNA, type=told, minutes=62)
    assert read_session(VISITOR) is None, "nobody came"
    act("p4", minutes=63)
    act("p1", ANNA, type=told, minutes=64)
    assert session().shopper_id == ""


def test_who_logs_out_leaves_nothing_to_the_next(clock, shelf) -> None:
    of_anna()
    act(type="logged_out", minutes=5)
    assert read_session(VISITOR) is None
    act("p5", minutes=6)
    now = session()
    assert (viewed(), now.in_cart, now.bought, now.earlier, now.shopper_id) == (["p5"], [], [], [], "")
    # Told late: of a visit that was over before this one began.
    act(type="logged_out", minutes=5.5)
    assert viewed() == ["p5"]


def test_who_is_named_by_the_request_is_not_shown_the_visit_of_somebody_else(clock, shelf) -> None:
    of_anna()
    assert recently_viewed(shopper_id=ANNA) == {"p0", "p1"}, "the control"
    assert recently_viewed(shopper_id=BERT) == set()
    assert recommend("home", visitor_id=VISITOR, shopper_id=BERT).items
