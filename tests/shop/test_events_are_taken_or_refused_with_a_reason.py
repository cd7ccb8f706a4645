"""POST and GET /api/v1/events."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import override_settings

from shop import valkey
from shop.api.keys import create_key
from shop.api.models import ApiKey
from shop.events import live, stream
from shop.events.models import Event
from shop.events.sessions import read_session
from tests.factories.events import store_all

pytestmark = pytest.mark.django_db

GOOD = {"type": "product_viewed", "visitor_id": "v-anna0001", "product_id": "p-1"}


@pytest.fixture
def keys(db):
    create_key("browser", "pk", token="pk_test_demo")
    create_key("server", "sk", token="sk_test_demo")


@pytest.fixture
def post(client, keys):
    def call(body, *, key="pk_test_demo", path="/api/v1/events", **headers):
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
        if key:
            headers["authorization"] = f"Bearer {key}"
        content_type = headers.pop("content_type", "application/json")
        return client.post(path, body, content_type=content_type, headers=headers)

    return call


@pytest.fixture
def get(client, keys):
    return lambda path, key="sk_test_demo": client.get(path, headers={"authorization": f"Bearer {key}"})


def refusals(response):
    return [(one["index"], one["field"], one["reason"]) for one in response.json()["rejected"]]


def test_one_event_is_accepted_stored_and_read_back(post, get, clock):
    event = {
        **GOOD,
        "message_id": "m-1",
        "quantity": 2,
        "value": "12.50",
        "query": "茶",
        "slate_id": "018f0000-0000-7000-8000-000000000001",
        "caused_by": "c-1",
        "properties": {"list": "home"},
    }
    response = post(event)
    assert (response.status_code, response.json()) == (202, {"accepted": 1, "rejected": []})
    assert read_session("v-anna0001").acts[0].product_id == "p-1", "the session knows before anything is stored"
    store_all()
    assert get("/api/v1/events/count?visitor_id=v-anna0001").json() == {"count": 1}
    (row,) = get("/api/v1/events?visitor_id=v-anna0001").json()["data"]
    assert {name: row[name] for name in event} == event
    assert row["occurred_at"] == "2026-03-02T12:00:00Z"


def test_a_batch_keeps_its_good_events_and_names_index_field_and_reason_of_the_others(post, clock):
    batch = [
        GOOD,
        {**GOOD, "type": "Product Viewed"},
        {"type": "page_viewed"},
        {**GOOD, "quantity": "two"},
        {**GOOD, "colour": "red"},
        {"visitor_id": "v-anna0001"},
        {**GOOD, "properties": {"a": ["x\x00y"]}},
        {**GOOD, "visitor_id": "v\n1"},
        {**GOOD, "value": "NaN"},
        {**GOOD, "value": 1e11},
        {**GOOD, "shopper_id": "anna@example.org"},
        {**GOOD, "visitor_id": "x" * 65},
        {**GOOD, "occurred_at": "2026-03-02T12:06:00Z"},
        {**GOOD, "occurred_at": "2025-02-01T00:00:00Z"},
        {**GOOD, "occurred_at": "2026-03-02T12:00:00"},
        {**GOOD, "slate_id": "none"},
        17,
        {**GOOD, "properties": {"a": "x" * 33_000}},
        {**GOOD, "message_id": "m-last"},
    ]
    response = post({"batch": batch})
    assert response.status_code == 202
    assert response.json()["accepted"] == 2
    assert [refusal[:2] for refusal in refusals(response)] == [
        (1, "type"),
        (2, "visitor_id"),
        (3, "quantity"),
        (4, "colour"),
        (5, "type"),
        (6, "properties"),
        (7, "visitor_id"),
        (8, "value"),
        (9, "value"),
        (10, "shopper_id"),
        (11, "visitor_id"),
        (12, "occurred_at"),
        (13, "occurred_at"),
        (14, "occurred_at"),
        (15, "slate_id"),
        (16, ""),
        (17, ""),
    ]
    assert all(reason for _, _, reason in refusals(response))
    assert dict(enumerate(refusals(response)))[11][2].startswith("is in the future")
    assert "anna@example.org" not in str(live.recent(50))
    seen = [row for row in live.recent(50) if row["refused"]]
    assert {(row["index"], row["field"]) for row in seen} == {refusal[:2] for refusal in refusals(response)}


def test_a_request_whose_every_event_is_wrong_is_a_400_with_the_same_list(post):
    response = post({"type": "page_viewed"})
    assert response.status_code == 400
    assert response["content-type"] == "application/problem+json"
    assert response.json()["accepted"] == 0
    assert refusals(response) == [(0, "visitor_id", "or shopper_id is needed")]
    assert response.json()["errors"][0]["pointer"] == "/visitor_id", "into the body as it was sent"
    response = post({"batch": [{"type": "page_viewed"}, 17]})
    assert [one["pointer"] for one in response.json()["errors"]] == ["/batch/0/visitor_id", "/batch/1"]


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', '{"batch": 3}', '{"batch": [}', "[" * 100_000, b"\xff\xfe{}"])
def test_what_is_no_json_of_ours_is_malformed(post, body):
    response = post(body)
    assert (response.status_code, response.json()["code"]) in {(400, "parse_error"), (400, "invalid")}


@pytest.mark.parametrize(
    "body", ['{"type": "a", "visitor_id": "v", "properties": ' + '{"a":' * 5000 + "1" + "}" * 5001]
)
def test_nesting_without_end_is_refused(post, body):
    assert post(body).status_code == 400


def test_limits_are_32_kb_an_event_and_500_kb_a_request_packed_or_not(post):
    largest = {**GOOD, "properties": {"a": ""}}
    largest["properties"]["a"] = "x" * (32 * 1024 - len(json.dumps(largest)))
    assert post(largest).status_code == 202
    largest["properties"]["a"] += "x"
    assert post(largest).status_code == 400
    large = {"batch": [{**GOOD, "properties": {"a": "x" * 30_000}}] * 18}
    assert post(large).status_code == 413
    packed = gzip.compress(json.dumps(large).encode())
    assert len(packed) < 5000
    assert post(packed, **{"content-encoding": "gzip"}).status_code == 413
    bomb = gzip.compress(b" " * 50_000_000)
    assert post(bomb, **{"content-encoding": "gzip"}).status_code == 413


def test_gzip_bodies_are_taken_and_broken_ones_refused(post):
    packed = gzip.compress(json.dumps({"batch": [GOOD] * 3}).encode())
    assert post(packed, **{"content-encoding": "gzip"}).json()["accepted"] == 3
    assert post(packed[:-9], **{"content-encoding": "gzip"}).status_code == 400
    assert post(b"no gzip", **{"content-encoding": "gzip"}).status_code == 400
    assert post(b"x", **{"content-encoding": "br"}).status_code == 400


def test_a_retry_with_its_own_time_has_the_same_id_and_is_stored_once(post, clock):
    event = {**GOOD, "message_id": "m-1", "occurred_at": "2026-03-02T11:59:00Z", "sent_at": "2026-03-02T12:00:00Z"}
    post(event)
    clock.advance(minutes=7)
    post(event | {"sent_at": "2026-03-02T12:07:00Z"})
    store_all()
    assert Event.objects.count() == 1


def test_a_retry_without_a_time_is_known_by_its_message_id_for_a_day(post, clock):
    for _ in range(3):
        assert post({**GOOD, "message_id": "m-1"}).json()["accepted"] == 1
        clock.advance(minutes=5)
    store_all()
    assert Event.objects.count() == 1
    (key,) = valkey.client().keys("seen:*")
    assert 86_000 < valkey.client().ttl(key) <= 86_400


def test_events_without_a_message_id_are_events_of_their_own(post):
    post({"batch": [GOOD, GOOD]})
    store_all()
    assert Event.objects.count() == 2


def test_a_wrong_clock_is_corrected_by_when_the_sender_says_it_sent(post, clock):
    wrong = datetime(2031, 1, 1, tzinfo=UTC)
    post(
        {
            "sent_at": (wrong + timedelta(minutes=10)).isoformat(),
            "batch": [{**GOOD, "message_id": "m-1", "occurred_at": wrong.isoformat()}],
        }
    )
    store_all()
    event = Event.objects.get()
    assert event.occurred_at == clock() - timedelta(minutes=10)
    assert event.id.version == 7


def test_personal_data_are_dropped_at_any_depth(post):
    post(
        {
            **GOOD,
            "query": "gift for anna@example.org now",
            "properties": {
                "email": "anna@example.org",
                "First Name": "Anna",
                "name": "Green tea",
                "shipping": {"address": {"street": "High Street 1"}, "method": "post"},
                "url": "https://shop.example/?m=anna%40example.org&x=1",
                "products": [{"product_id": "p", "phone": "+1 555"}],
            },
        }
    )
    body = str(valkey.client().xrange("events"))
    store_all()
    event = Event.objects.get()
    assert event.properties == {
        "name": "Green tea",
        "shipping": {"method": "post"},
        "url": "https://shop.example/?m=[address removed]&x=1",
        "products": [{"product_id": "p"}],
    }
    assert event.query == "gift for [address removed] now"
    for secret in ("anna", "Anna@", "High Street", "+1 555"):
        assert secret not in body.replace("v-anna0001", "")


def test_without_valkey_nothing_is_called_accepted(post):
    with override_settings(REDIS_URL="unix:///nowhere/valkey.sock"):
        response = post(GOOD)
    assert (response.status_code, response["retry-after"]) == (503, "2")


@pytest.mark.parametrize(
    "word",
    [
        "MISCONF Errors writing to the AOF file: No space left on device",
        "NOREPLICAS Not enough good replicas to write.",
    ],
)
def test_a_valkey_that_cannot_write_calls_nothing_accepted(post, monkeypatch, word):
    # The server's own words, without filling the disk that all tests share.
    monkeypatch.setattr(stream, "_append", valkey.Script(f"return redis.error_reply('{word}')"))
    response = post(GOOD)
    assert (response.status_code, response["retry-after"]) == (503, "2")
    call = {"anonymousId": "v-1", "event": "Product Viewed"}
    assert post(call, path="/v1/track").status_code == 503


def test_keys_decide_who_may_send_and_who_may_read(post, get, client, keys):
    assert post(GOOD, key="").status_code == 401
    assert post(GOOD, key="pk_wrong").status_code == 401
    assert post(GOOD, key="sk_test_demo").status_code == 202
    assert get("/api/v1/events/count", key="pk_test_demo").status_code == 403
    assert get("/api/v1/events", key="pk_test_demo").status_code == 403
    assert client.get("/api/v1/events").status_code == 401
    assert client.delete("/api/v1/events").status_code == 405


def test_a_beacon_brings_its_key_in_address_or_body(post):
    as_text = {"key": "", "content_type": "text/plain;charset=UTF-8"}
    assert post(GOOD, path="/api/v1/events?key=pk_test_demo", **as_text).status_code == 202
    assert post({"key": "pk_test_demo", "batch": [GOOD]}, **as_text).status_code == 202
    assert post({"key": "sk_test_demo", "batch": [GOOD]}, **as_text).json()["code"] == "secret_key_exposed"


def test_a_key_bound_to_origins_is_refused_elsewhere(post):
    ApiKey.objects.filter(kind="pk").update(allowed_origins=["https://shop.example"])
    assert post(GOOD, origin="https://shop.example").status_code == 202
    assert post(GOOD, origin="https://evil.example").json()["code"] == "origin_not_allowed"
    assert post(GOOD).status_code == 403
    assert post(GOOD, key="sk_test_demo").status_code == 202, "a server has no origin"


def test_browsers_of_other_origins_may_call(post, client):
    asked = client.options(
        "/api/v1/events",
        headers={"origin": "https://a.example", "access-control-request-method": "POST"},
    )
    assert asked.status_code in (200, 204)
    assert asked["access-control-allow-origin"] == "*"
    assert "authorization" in asked["access-control-allow-headers"]
    assert post(GOOD, origin="https://a.example")["access-control-allow-origin"] == "*"


def test_simulated_shoppers_are_marked(post):
    post(GOOD, **{"user-agent": "PushcartSimulator/1.0"})
    post(GOOD, **{"user-agent": "Mozilla/5.0"})
    store_all()
    assert sorted(Event.objects.values_list("simulated", flat=True)) == [False, True]


def test_a_dry_run_only_validates(post):
    assert post({"batch": [GOOD, {"type": "x"}]}, path="/api/v1/events?dry_run=1").json()["accepted"] == 1
    assert not valkey.client().exists(settings.EVENT_STREAM)


def test_the_list_is_paged_newest_first_and_filtered(post, get, clock):
    for number in range(7):
        clock.advance(minutes=1)
        kind = "product_viewed" if number % 2 else "page_viewed"
        post({**GOOD, "type": kind, "message_id": f"m-{number}"})
    post({**GOOD, "visitor_id": "v-wei00001"})
    store_all()
    found, path = [], "/api/v1/events?visitor_id=v-anna0001&limit=3"
    while path:
        page = get(path).json()
        assert len(page["data"]) <= 3
        found += [row["message_id"] for row in page["data"]]
        path = page["next"] and page["next"].removeprefix("http://testserver")
    assert found == [f"m-{number}" for number in reversed(range(7))]
    assert get("/api/v1/events/count?visitor_id=v-anna0001&type=page_viewed").json()["count"] == 4
    since = "/api/v1/events/count?visitor_id=v-anna0001&since=2026-03-02T12:05:00Z"
    assert get(since).json()["count"] == 3
    for wrong in (
        "limit=0",
        "limit=x",
        "cursor=x",
        "since=yesterday",
        "slate_id=x",
        "type=a%00",
        "since=2026-03-02",
        "colour=x",
    ):
        answer = get(f"/api/v1/events?{wrong}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/" + wrong.partition("=")[0]), (
            wrong
        )
    assert get("/api/v1/events?since=1435-12-02T10:33:14-23:37").status_code == 200, (
        "a zone that PostgreSQL does not know"
    )
    assert get("/api/v1/events?until=0001-01-01T00:00:00%2B14:00").status_code == 400
    assert len(get("/api/v1/events?since=2026-03-02T12:05:00+00:00").json()["data"]) > 0, "a plus that was not escaped"


def test_events_are_counted_of_somebody_only(get, client):
    for nobody in ("", "?type=page_viewed", "?visitor_id="):
        answer = get(f"/api/v1/events/count{nobody}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/visitor_id")
    assert get("/api/v1/events/count?shopper_id=anna").json() == {"count": 0}
    assert get("/api/v1/events/count?shopper_id=anna")["Cache-Control"] == "private, no-store"
    assert client.post("/api/v1/events/count").status_code == 405


def test_only_the_shop_itself_or_a_secret_key_opens_the_history_of_a_shopper(post):
    def known_as() -> str:
        return read_session("v-anna0001").shopper_id

    said = {**GOOD, "type": "identified", "shopper_id": "anna"}
    assert post(said).status_code == 202
    assert known_as() == ""
    assert post(said, key="sk_test_demo").status_code == 202
    assert known_as() == "anna"
    assert post(said).status_code == 202
    assert known_as() == "anna"
    assert post({**said, "shopper_id": "wei"}).status_code == 202
    assert known_as() == ""
