"""Whatever is sent again, in whatever batches: one row an event, sessions cut where half an hour passed, memory bounded."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop import clock, valkey
from shop.api.keys import create_key
from shop.events import sessions, stream
from shop.events.ids import event_id
from shop.events.models import Event
from shop.events.sessions import read_session
from tests.factories.events import an_event, store_all

pytestmark = pytest.mark.django_db
quietly = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
moments = st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(st.text(max_size=60), st.text(max_size=60), moments, moments)
def test_the_id_depends_on_source_message_and_its_own_time_alone(
    message: str, other: str, at: datetime, later: datetime
):
    made = event_id("api", message, at)
    assert made == event_id("api", message, at)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert (event_id("api", other, at) == made) == (other == message)
    assert event_id("segment", message, at) != made
    # Whole milliseconds decide the order: what partitions by id rely on.
    if later - at >= timedelta(milliseconds=1):
        assert event_id("api", other, later) > made


@quietly
@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=8), min_size=1, max_size=5))
def test_however_often_an_event_is_sent_it_is_one_row(batches: list[list[int]]):
    visitor, at = f"v-{uuid.uuid4().hex}", clock.now()
    events = [an_event(visitor_id=visitor, message_id=f"{visitor}-{number}", at=at) for number in range(13)]
    for batch in batches:
        stream.append([events[number] for number in batch])
        if len(batch) % 2:
            store_all()
    store_all()
    sent = {events[number].id for batch in batches for number in batch}
    assert sorted(Event.objects.filter(visitor_id=visitor).values_list("id", flat=True)) == sorted(sent)


@quietly
@given(st.lists(st.integers(0, 3_600), min_size=1, max_size=12))
def test_a_session_ends_where_more_than_half_an_hour_passes(pauses: list[int]):
    visitor, at = f"v-{uuid.uuid4().hex}", clock.now() - timedelta(days=2)
    expected: list[int] = []
    for number, pause in enumerate(pauses):
        at += timedelta(seconds=pause)
        begins = not expected or pause > sessions.GAP.total_seconds()
        expected.append(number if begins else expected[-1])
        stream.append([an_event(visitor_id=visitor, message_id=f"{visitor}-{number}", at=at)])
    store_all()
    stored = {event.message_id: event for event in Event.objects.filter(visitor_id=visitor)}
    in_order = [stored[f"{visitor}-{number}"] for number in range(len(pauses))]
    assert [event.session_id for event in in_order] == [str(in_order[first].pk) for first in expected]


@quietly
@given(st.integers(1, 4 * sessions.MOST_ACTS), st.integers(1, 40))
def test_a_session_remembers_the_newest_acts_and_is_forgotten_by_itself(count: int, each: int):
    visitor, at = f"v-{uuid.uuid4().hex}", clock.now() - timedelta(minutes=20)
    events = [
        an_event(visitor_id=visitor, product_id=f"p-{number}", at=at + timedelta(seconds=number))
        for number in range(count)
    ]
    for start in range(0, count, each):
        stream.append(events[start : start + each])
    session = read_session(visitor)
    assert session is not None
    newest = [f"p-{number}" for number in range(count)][-sessions.MOST_ACTS :]
    assert [act.product_id for act in session.acts] == newest
    assert 0 < valkey.client().ttl(sessions.key(visitor)) <= sessions.LIFE.total_seconds()


def test_of_an_endless_cart_the_newest_lines_are_remembered() -> None:
    visitor, at, most = f"v-{uuid.uuid4().hex}", clock.now() - timedelta(minutes=20), sessions.MOST_CART_LINES
    added = [
        an_event("product_added", visitor_id=visitor, product_id=f"p-{number}", at=at + timedelta(seconds=number))
        for number in range(most + 7)
    ]
    stream.append(added)
    session = read_session(visitor)
    assert session is not None
    assert session.in_cart == [f"p-{number}" for number in range(7, most + 7)]


WRONG = [
    {"type": "product_viewed"},
    {"type": "", "visitor_id": "v-1"},
    {"type": "product_viewed", "visitor_id": "v-1", "quantity": "two"},
    {"type": "product_viewed", "visitor_id": "v-1", "timestamp": "yesterday"},
    "no event",
    None,
]


@quietly
@given(
    st.lists(st.one_of(st.just("good"), st.sampled_from(range(len(WRONG)))), max_size=10).map(
        lambda kinds: ["good", *kinds]
    )
)
def test_the_wrong_ones_of_a_batch_are_named_by_place_and_the_good_ones_kept(client, kinds: list[str | int]):
    token, visitor = create_key("browser", "pk")[1], f"v-{uuid.uuid4().hex}"
    good = {"type": "product_viewed", "visitor_id": visitor, "product_id": "p-1"}
    batch = [
        {**good, "message_id": f"{visitor}-{n}"} if kind == "good" else WRONG[kind] for n, kind in enumerate(kinds)
    ]
    answer = client.post(
        "/api/v1/events",
        json.dumps({"batch": batch}),
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
    said = answer.json()
    wrong = [place for place, kind in enumerate(kinds) if kind != "good"]
    assert answer.status_code == 202
    assert [refused["index"] for refused in said["rejected"]] == wrong
    assert all(refused["reason"] for refused in said["rejected"])
    assert said["accepted"] == len(kinds) - len(wrong)
    store_all()
    assert Event.objects.filter(visitor_id=visitor).count() == said["accepted"]
