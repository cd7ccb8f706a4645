"""What the headers of a call ask for: keys and their scopes, origins, caches, Idempotency-Keys, rates."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from shop.api import idempotency
from shop.api.keys import PUBLISHABLE_SCOPES, SCOPES, create_key
from shop.models import ApiKey, AuditEntry, IdempotentAnswer, Shopper
from tests.factories.people import make_shopper
from tests.shop.api.calling import Api, problem, with_scopes

TEA = {"id": "tea-1", "name_en": "Green tea", "category": "tea", "price": "4.20"}


def test_keys_open_what_their_scopes_say(secret, publishable) -> None:
    assert Api("")("GET", "/products").status_code == 401
    assert Api("sk_live_wrong")("GET", "/products").status_code == 401
    assert Api("sk_\u00e9")("GET", "/products").status_code == 401
    assert publishable("GET", "/products").status_code == 200
    assert problem(publishable("POST", "/products", {"data": [TEA]}))["code"] == "permission_denied"
    assert publishable("GET", "/orders").status_code == 403
    assert with_scopes("orders:read")("GET", "/orders").status_code == 200
    assert with_scopes("orders:read")("GET", "/shoppers").status_code == 403
    assert set(ApiKey.objects.get(kind="pk").scopes) == PUBLISHABLE_SCOPES
    greedy, _ = create_key("greedy", "pk", scopes=list(SCOPES))
    assert set(greedy.scopes) == {"catalogue:read", "events:write", "recommendations:read"}, "all that a browser may do"


def test_the_keys_of_the_demo_open_everything_there_and_nothing_elsewhere(db, settings) -> None:
    token = create_key("Demo, secret", "sk", token=settings.DEMO_API_SECRET_KEY)[1]
    assert Api(token)("GET", "/audit").status_code == 200
    settings.DEMO = False
    assert Api(token)("GET", "/audit").status_code == 401


def test_a_publishable_key_works_on_its_own_sites_only(publishable) -> None:
    ApiKey.objects.update(allowed_origins=["https://shop.example"])
    assert publishable("GET", "/products", origin="https://shop.example").status_code == 200
    refused = publishable("GET", "/products", origin="https://elsewhere.example")
    assert problem(refused)["code"] == "origin_not_allowed"


def test_what_is_told_of_people_is_kept_by_no_cache_and_still_known_by_its_etag(secret) -> None:
    make_shopper("ada@example.org")
    people = secret("GET", "/shoppers")
    assert people["Cache-Control"] == "private, no-store"
    known = secret("GET", "/shoppers", if_none_match=people["ETag"])
    assert (known.status_code, known["Cache-Control"]) == (304, "private, no-store")
    assert secret("GET", "/orders")["Cache-Control"] == "private, no-store"
    assert secret("GET", "/products")["Cache-Control"] == "private, no-cache"


def test_the_same_key_and_body_get_the_same_answer_and_do_nothing_twice(secret, clock) -> None:
    body = {"id": "c-1", "email": "ada@example.org"}
    first = secret("POST", "/shoppers", body, idempotency_key="k-1")
    second = secret("POST", "/shoppers", body, idempotency_key="k-1")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second["Idempotency-Replayed"] == "true"
    assert first["ETag"] == second["ETag"]
    assert AuditEntry.objects.count() == 1
    other = secret("POST", "/shoppers", {**body, "name": "Ada"}, idempotency_key="k-1")
    assert (other.status_code, problem(other)["code"]) == (422, "idempotency_key_reused")
    clock.advance(hours=25)
    assert secret("POST", "/shoppers", body, idempotency_key="k-1").status_code == 200
    clock.advance(hours=25)
    assert idempotency.forget_old() == 1


def test_what_failed_may_be_tried_again_under_its_key(secret) -> None:
    assert secret("POST", "/shoppers", {"id": "c-1", "email": "x"}, idempotency_key="k-1").status_code == 400
    assert not IdempotentAnswer.objects.exists()
    assert secret("POST", "/shoppers", {"id": "c-1"}, idempotency_key="k-1").status_code == 201
    for key in ("", "x" * 256):
        assert secret("POST", "/shoppers", {"id": "c-1"}, idempotency_key=key).status_code == 400


def test_remembered_answers_hold_no_clear_personal_data(secret) -> None:
    secret("POST", "/shoppers", {"id": "c-1", "email": "ada@example.org"}, idempotency_key="ada@example.org")
    with connection.cursor() as cursor:
        cursor.execute("SELECT a::text FROM shop_idempotentanswer a")
        ((row,),) = cursor.fetchall()
    assert "ada" not in row


def test_a_claim_whose_process_died_is_given_up(secret, clock, monkeypatch) -> None:
    monkeypatch.setattr(idempotency, "_remember", lambda claim, response: None)
    assert secret("POST", "/shoppers", {"id": "c-1"}, idempotency_key="k").status_code == 201
    monkeypatch.undo()
    waiting = secret("POST", "/shoppers", {"id": "c-1"}, idempotency_key="k")
    assert (waiting.status_code, problem(waiting)["code"]) == (409, "idempotency_in_progress")
    assert waiting["Retry-After"] == "1"
    clock.advance(minutes=3)
    assert secret("POST", "/shoppers", {"id": "c-1"}, idempotency_key="k").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_one_key_at_once_is_one_write() -> None:
    token = create_key("server", "sk")[1]
    start = threading.Barrier(6)

    def send(_: int):
        try:
            start.wait(timeout=60)
            return Api(token)("POST", "/shoppers", {"id": "c-1", "email": "a@b.org"}, idempotency_key="k").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(send, range(6)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert Shopper.objects.count() == 1
    assert AuditEntry.objects.count() == 1


def test_the_rate_is_said_and_held(secret, settings, clock) -> None:
    settings.API_RATE = "3/min"
    left = [secret("GET", "/products")["RateLimit"] for _ in range(3)]
    assert left == [f'"key";r={n};t=60' for n in (2, 1, 0)]
    refused = secret("GET", "/products")
    assert (refused.status_code, problem(refused)["code"]) == (429, "throttled")
    assert refused["Retry-After"] == "60"
    assert refused["RateLimit-Policy"] == '"key";q=3;w=60'
    # Half a window later the old window still counts half.
    clock.advance(seconds=90)
    assert secret("GET", "/products")["RateLimit"] == '"key";r=0;t=30', "half of four, and this one"
    clock.advance(seconds=120)
    assert secret("GET", "/products")["RateLimit"].startswith('"key";r=2')


def test_without_valkey_nobody_is_refused(secret, settings) -> None:
    settings.REDIS_URL = "unix:///nowhere.sock"
    answer = secret("GET", "/products")
    assert answer.status_code == 200
    assert "RateLimit" not in answer
