"""Wrong addresses, queries and bodies, and failures of our own: each is a problem in words, and tells of nothing inside."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.factories.catalogue import make_product
from tests.shop.api.calling import problem
from tests.wsgi import application


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


def test_a_failure_is_a_problem_without_its_insides(secret, monkeypatch) -> None:
    def fail(*args, **kwargs):
        raise RuntimeError("the database password is hunter2")

    monkeypatch.setattr("shop.catalogue.api.Product.objects", property(fail))
    answer = secret("GET", "/products")
    assert answer.status_code == 500
    assert problem(answer)["code"] == "error"
    assert b"hunter2" not in answer.content


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
