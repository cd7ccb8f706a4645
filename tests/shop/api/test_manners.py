"""What holds for every endpoint: keys, problems, limits, idempotency, strange input."""

from __future__ import annotations

import io
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from rest_framework.views import APIView

from shop.api import docs, idempotency
from shop.api.keys import PUBLISHABLE_SCOPES, SCOPES, create_key
from shop.models import ApiKey, AuditEntry, IdempotentAnswer, Order, Product, Shopper
from tests.factories.catalogue import make_product
from tests.factories.people import make_shopper
from tests.shop.api.calling import Api, with_scopes
from tests.wsgi import application

TEA = {"id": "tea-1", "name_en": "Green tea", "category": "tea", "price": "4.20"}


def problem(answer) -> dict:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    body = answer.json()
    assert set(body) >= {"type", "title", "status", "detail", "code", "request_id"}
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer["X-Request-ID"]
    assert body["code"] in docs.PROBLEMS, body["code"]
    return body


def endpoints() -> list[type[APIView]]:
    """Every class of endpoint that a route leads to."""
    found = []

    def walk(patterns) -> None:
        for pattern in patterns:
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns)
            elif hasattr(pattern.callback, "view_class"):
                found.append(pattern.callback.view_class)

    walk(get_resolver().url_patterns)
    return [view for view in found if issubclass(view, APIView)]


def test_the_description_is_valid_openapi() -> None:
    from drf_spectacular.validation import validate_schema
    from jsonschema import ValidationError

    described = docs.description()
    wrong = ""
    try:
        validate_schema(described)
    except ValidationError as error:
        wrong = f"{error.json_path}: {error.message}"
    assert wrong == ""
    assert len(described["paths"]) > 50


def test_every_method_of_every_endpoint_needs_a_known_scope() -> None:
    views = endpoints()
    assert len(views) >= 10
    for view in views:
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method):
                assert view.scopes.get(method.upper()) in SCOPES, (view, method)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/products/none", 404, "not_found"),
        ("POST", "/audit", 405, "method_not_allowed"),
        ("TRACE", "/products", 405, "method_not_allowed"),
        ("OPTIONS", "/products", 405, "method_not_allowed"),
        ("GET", "/products?limit=0", 400, "invalid"),
        ("GET", "/products?limit=x", 400, "invalid"),
        ("GET", "/products?colour=red", 400, "invalid"),
        ("GET", "/products?category=a&category=b", 400, "invalid"),
        ("GET", "/products?cursor=garbage", 400, "invalid"),
        ("GET", "/products?cursor=WyJhAGIiXQ", 400, "invalid"),
        ("GET", "/orders?cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwiMSJd", 400, "invalid"),
        ("GET", "/orders?placed_from=0001-01-01T00:00:00%2B14:00", 400, "invalid"),
        ("GET", "/products?category=a%00b", 400, "parse_error"),
        ("GET", "/products/a%00b", 404, "not_found"),
        ("GET", "/products/%ff", 404, "not_found"),
        ("GET", "/audit?object_id=%ff%fe", 200, ""),
        ("GET", "/orders/not-a-uuid", 404, "not_found"),
    ],
)
def test_strange_calls_get_their_problem(secret, method: str, path: str, status: int, code: str) -> None:
    answer = secret(method, path)
    assert answer.status_code == status, answer.content
    if code:
        assert problem(answer)["code"] == code


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"data": "\\ud800"}', "application/json", 400),
        (b'{"data": ["\\u0000"]}', "application/json", 400),
        (b'{"data": NaN}', "application/json", 400),
        (b"[" * 40 + b"]" * 40, "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"null", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"data": [' + b"9" * 5000 + b"]}", "application/json", 400),
        (b"data=1", "application/x-www-form-urlencoded", 415),
        (b"<data/>", "text/xml", 415),
        (b'{"data": ["' + b"x" * 3_000_000 + b'"]}', "application/json", 413),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(secret, content: bytes, content_type: str, status: int) -> None:
    headers = {"authorization": f"Bearer {secret.token}"}
    answer = secret.client.generic("POST", "/api/v1/products", content, content_type=content_type, headers=headers)
    assert answer.status_code == status, answer.content
    problem(answer)


def test_a_number_of_any_length_is_kept_and_read_again(secret) -> None:
    product = make_product()
    for number in (1e300, -8.5e283, 2**64 - 1):
        written = secret("PATCH", f"/products/{product.pk}", {"attributes": {"n": number}}, idempotency_key=str(number))
        assert written.status_code == 200, written.content
        assert float(secret("GET", f"/products/{product.pk}").json()["attributes"]["n"]) == float(number)
        again = secret("PATCH", f"/products/{product.pk}", {"attributes": {"n": number}}, idempotency_key=str(number))
        assert again["Idempotency-Replayed"] == "true"


def test_a_nul_is_told_of_where_it_stands(secret) -> None:
    assert "query" in problem(secret("GET", "/products?category=a%00b"))["detail"]
    assert "body" in problem(secret("POST", "/products", {"data": ["\x00"]}))["detail"]


def test_a_pointer_names_the_wrong_field(secret) -> None:
    order = {"reference": "r-1", "lines": [{"product_id": make_product().pk, "quantity": 0, "unit_price": "1"}]}
    assert problem(secret("POST", "/orders", order))["errors"][0]["pointer"] == "/lines/0/quantity"
    order["lines"][0] |= {"quantity": 1, "product_id": "phantom"}
    assert problem(secret("POST", "/orders", order))["errors"][0]["pointer"] == "/lines/0/product_id"


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


@pytest.mark.django_db
def test_a_key_without_the_scope_sees_no_personal_data() -> None:
    shopper = make_shopper("ada@example.org", name="Ada Lovelace")
    seen = with_scopes("shoppers:read")("GET", f"/shoppers/{shopper.pk}")
    assert "ada" not in seen.content.decode().lower()
    assert with_scopes("shoppers:read", "shoppers:personal")("GET", f"/shoppers/{shopper.pk}").json()["email"] == (
        "ada@example.org"
    )
    assert with_scopes("shoppers:read")("GET", f"/shoppers/{shopper.pk}/export").status_code == 403


def test_a_shopper_is_written_consents_and_is_erased(secret) -> None:
    body = {"id": "c-77", "email": "Ada@example.org", "name": "Ada", "locale": "zh-hans"}
    assert secret("POST", "/shoppers", body).status_code == 201
    assert secret("POST", "/shoppers", body).status_code == 200
    assert problem(secret("POST", "/shoppers", {**body, "id": "c-78"}))["code"] == "conflict"
    assert secret("POST", "/shoppers", {**body, "id": "ada@example.org"}).status_code == 400
    assert secret("POST", "/shoppers/c-77/consents", {"channel": "email", "granted": True}).status_code == 201
    assert secret("GET", "/shoppers/c-77/consents").json()["data"][0]["granted"] is True
    whole = secret("GET", "/shoppers/c-77/export")
    assert whole.json()["profile"][0]["email"] == "Ada@example.org"
    assert whole["Cache-Control"] == "private, no-store"
    assert b"profile,1,email,Ada@example.org" in secret("GET", "/shoppers/c-77/export?form=csv").content
    erased = secret("POST", "/shoppers/c-77/erase", {"reason": "asked"})
    assert erased.status_code == 200
    assert next(part for part in erased.json()["parts"] if part["part"] == "orders")["why"]
    assert secret("GET", "/shoppers/c-77").json()["email"] == ""
    assert problem(secret("PATCH", "/shoppers/c-77", {"name": "Ada"}))["code"] == "conflict"
    assert "ada" not in str(list(AuditEntry.objects.values())).lower()


def test_what_is_told_of_people_is_kept_by_no_cache_and_still_known_by_its_etag(secret) -> None:
    make_shopper("ada@example.org")
    people = secret("GET", "/shoppers")
    assert people["Cache-Control"] == "private, no-store"
    known = secret("GET", "/shoppers", if_none_match=people["ETag"])
    assert (known.status_code, known["Cache-Control"]) == (304, "private, no-store")
    assert secret("GET", "/orders")["Cache-Control"] == "private, no-store"
    assert secret("GET", "/products")["Cache-Control"] == "private, no-cache"


def test_an_order_of_the_shops_own_system_is_taken_once(secret) -> None:
    product, shopper = make_product(stock=1), make_shopper()
    order = {
        "reference": "web-1001",
        "shopper_id": shopper.pk,
        "lines": [{"product_id": product.pk, "quantity": 3, "unit_price": "2.50"}],
        "delivery": "3.90",
    }
    first = secret("POST", "/orders", order)
    assert (first.status_code, first.json()["total"]) == (201, "11.40")
    again = secret("POST", "/orders", order)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert Order.objects.count() == 1
    product.refresh_from_db()
    assert product.stock == 1
    assert secret("GET", "/orders?reference=web-1001").json()["data"][0]["number"] == first.json()["number"]
    assert secret("GET", f"/orders/{first.json()['id']}").json()["lines"][0]["quantity"] == 3


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


def test_a_failure_is_a_problem_without_its_insides(secret, monkeypatch) -> None:
    def fail(*args, **kwargs):
        raise RuntimeError("the database password is hunter2")

    monkeypatch.setattr("shop.catalogue.api.Product.objects", property(fail))
    answer = secret("GET", "/products")
    assert answer.status_code == 500
    assert problem(answer)["code"] == "error"
    assert b"hunter2" not in answer.content


def test_the_description_and_its_page_need_no_foreign_host(client: Client) -> None:
    schema = client.get("/api/v1/schema/")
    assert schema.json()["openapi"] == "3.0.3"
    page = client.get("/api/v1/docs/").content.decode()
    assert "http://" not in page
    assert "https://" not in page
    assert "<script>" not in page
    assert "style=" not in page


def on_the_short_path(path: str, token: str = "") -> tuple[str, dict, dict]:
    said: dict = {}
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "shop", "SERVER_PORT": "80"}
    environ |= {"wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr}
    environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    content = b"".join(application()(environ, lambda status, headers: said.update(status=status, **dict(headers))))
    return said.pop("status"), said, json.loads(content)


@pytest.mark.django_db
def test_the_short_path_answers_what_it_does_not_have_with_a_problem() -> None:
    status, headers, body = on_the_short_path("/api/v1/events/nothing")
    assert (status, headers["Content-Type"]) == ("404 Not Found", "application/problem+json")
    assert body["request_id"] == headers["X-Request-ID"]


def test_a_failure_on_the_short_path_is_a_problem_without_its_insides(secret, monkeypatch) -> None:
    def fail(*args, **kwargs):
        raise RuntimeError("the database password is hunter2")

    monkeypatch.setattr("recommender.serving.api.recommend", fail)
    status, headers, body = on_the_short_path("/api/v1/recommendations/home", secret.token)
    assert (status, headers["Content-Type"]) == ("500 Internal Server Error", "application/problem+json")
    assert body["code"] == "error"
    assert "hunter2" not in str(body)


def test_every_operation_says_its_scope_and_who_knows_idempotency_keys(client: Client) -> None:
    paths = client.get("/api/v1/schema/").json()["paths"]
    assert {"/api/v1/events", "/api/v1/events/count", "/api/v1/recommendations/{slot}"} <= set(paths)
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert "Scope: `" in operation["description"], (path, method)
    named = {p["name"] for p in paths["/api/v1/orders"]["post"]["parameters"]}
    assert "Idempotency-Key" in named
    assert "parameters" not in paths["/api/v1/segments/preview"]["post"]


def test_every_code_of_a_problem_has_its_place_on_the_page(client: Client) -> None:
    page = client.get("/docs/problems").content.decode()
    for code in docs.PROBLEMS:
        assert f'id="{code}"' in page


def test_a_list_asks_the_database_no_more_for_more_rows(secret, django_assert_max_num_queries) -> None:
    for _ in range(5):
        make_product()
    secret("GET", "/products")
    with django_assert_max_num_queries(3):
        secret("GET", "/products")
    assert Product.objects.count() == 5


def test_the_reference_names_every_address_and_scope(client: Client, settings) -> None:
    text = (settings.BASE_DIR / "docs/reference/api.md").read_text()
    for path in client.get("/api/v1/schema/").json()["paths"]:
        named = [step for step in path.removeprefix("/api/v1").split("/") if step and not step.startswith("{")]
        assert f"/{named[0]}" in text
        assert f"/{named[-1]}" in text, path
    assert [scope for scope in SCOPES if f"`{scope}`" not in text] == []
