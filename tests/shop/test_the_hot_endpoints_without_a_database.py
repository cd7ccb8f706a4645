"""Events and recommendations while PostgreSQL does not answer: really away, by an address where nobody listens."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from recommender.serving import recommend_many
from shop.api import keys
from shop.events import live
from tests.factories.catalogue import make_product
from tests.factories.events import store_all

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = {"type": "product_viewed", "visitor_id": "v-anna0001", "product_id": "p-1"}
KEY = {"authorization": "Bearer pk_test_demo"}


@pytest.fixture
def key(monkeypatch, clock):
    # Every look-up is asked of the database.
    monkeypatch.setattr(keys, "REMEMBER_SECONDS", 0.0)
    keys.forget_keys()
    yield keys.create_key("browser", "pk", token="pk_test_demo")[0]
    keys.forget_keys()


@pytest.fixture
def take_away(monkeypatch, tmp_path):
    def away():
        connection.close()
        patch.setitem(connection.settings_dict, "HOST", str(tmp_path / "nobody"))

    with monkeypatch.context() as patch:
        yield away
    connection.close()


def send(client):
    return client.post("/api/v1/events", json.dumps(EVENT), content_type="application/json", headers=KEY)


def recommend(client):
    return client.get("/api/v1/recommendations/home?visitor_id=v-anna0001", headers=KEY)


@pytest.mark.parametrize("ask", [send, recommend])
def test_a_key_that_was_never_seen_cannot_be_checked_which_is_a_503_that_says_what_to_do(client, key, take_away, ask):
    take_away()
    response = ask(client)
    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"]
    assert "send the same request again" in response.json()["detail"]
    assert live.recent(5) == [], "nothing of it was taken"


def test_a_key_that_was_good_a_moment_ago_is_taken_and_its_events_are_stored_when_the_database_is_back(
    client, key, take_away, monkeypatch
):
    assert send(client).status_code == 202
    with monkeypatch.context() as patch:
        connection.close()
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        assert send(client).status_code == 202
    connection.close()
    keys.forget_keys()
    assert store_all() == 2


def test_a_key_is_not_trusted_for_ever_and_an_unknown_one_never(client, key, take_away, monkeypatch):
    monkeypatch.setattr(keys, "TRUST_SECONDS", -1.0)
    assert send(client).status_code == 202
    stranger = {"authorization": "Bearer pk_live_stranger"}
    assert client.post("/api/v1/events", "{}", content_type="application/json", headers=stranger).status_code == 401
    take_away()
    assert send(client).status_code == 503
    assert client.post("/api/v1/events", "{}", content_type="application/json", headers=stranger).status_code == 503


def test_a_slate_is_answered_with_a_key_that_was_good_a_moment_ago(client, key, take_away):
    assert recommend(client).status_code == 200
    take_away()
    assert recommend(client).status_code == 200


def test_feedback_that_cannot_be_checked_is_a_503_and_may_be_sent_again(client, key, take_away):
    """A slate of this moment is in Valkey, but what is said of it is kept in the table."""
    make_product(id="p-1")
    slate = recommend(client).json()
    said = {"slate_id": slate["slate_id"], "product_id": "p-1", "kind": "liked", "visitor_id": "v-anna0001"}
    take_away()
    answer = client.post("/api/v1/feedback", said, content_type="application/json", headers=KEY)
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer["Retry-After"]


def test_of_nobody_a_history_is_used_while_nobody_can_say_who_declined(take_away):
    for number in range(4):
        make_product(id=f"p{number}")
    recommend_many("email", ["s1"], 2)
    assert recommend_many("email", ["s1"], 2)["s1"].known, "the control"
    take_away()
    found = recommend_many("email", ["s1", "s2"], 2)
    assert [(slate.known, len(slate.items)) for slate in found.values()] == [(False, 2)] * 2


def test_a_disk_that_is_full_refuses_no_key(client, key):
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER no_room BEFORE UPDATE ON shop_apikey FOR EACH ROW EXECUTE FUNCTION no_room()"""
        )
    try:
        assert send(client).status_code == 202
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER no_room ON shop_apikey; DROP FUNCTION no_room()")
