"""Events and recommendations take a short way through Django (config/wsgi.py): what every answer has all the same."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from django.db import connection, connections

from shop.api.keys import create_key, forget_keys
from tests.wsgi import application

pytestmark = pytest.mark.django_db


def ask(path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body of an answer of the WSGI application."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        **headers,
    }
    started: list[tuple[str, list[tuple[str, str]]]] = []
    content = b"".join(application()(environ, lambda *given: started.append(given)))
    ((status, given),) = started
    return status, dict(given), content


@pytest.fixture
def bearer() -> str:
    return f"Bearer {create_key('short', 'sk')[1]}"


def test_an_answer_says_its_length_and_the_id_of_its_request(bearer):
    event = {"type": "product_viewed", "visitor_id": "v-1", "product_id": "p-1"}
    status, headers, content = ask(
        "/api/v1/events",
        "POST",
        json.dumps(event).encode(),
        HTTP_AUTHORIZATION=bearer,
        HTTP_X_REQUEST_ID="mine",
    )
    assert (status, json.loads(content)) == ("202 Accepted", {"accepted": 1, "rejected": []})
    assert headers["Content-Length"] == str(len(content))
    assert headers["X-Request-ID"] == "mine"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_answer_without_content_claims_no_length():
    status, headers, content = ask("/api/v1/events", "OPTIONS", HTTP_ORIGIN="https://shop.example")
    assert (status, content) == ("204 No Content", b"")
    assert "Content-Length" not in headers


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/events", "GET, POST, OPTIONS"),
        ("/api/v1/events/count", "GET, OPTIONS"),
        ("/api/v1/feedback", "POST, OPTIONS"),
        ("/api/v1/recommendations/home", "GET, OPTIONS"),
        ("/api/v1/recommendations/batch", "POST, OPTIONS"),
        ("/api/v1/recommendations/search/order", "POST, OPTIONS"),
        ("/api/v1/products/p-1/similar", "GET, OPTIONS"),
        ("/v1/track", "POST, OPTIONS"),
    ],
)
def test_pages_of_other_origins_are_told_the_methods_and_what_was_wrong(path, methods):
    def asked(method):
        status, headers, content = ask(path, method, b"{}", HTTP_ORIGIN="https://shop.example")
        assert headers["Access-Control-Allow-Origin"] == "*"
        return status[:3], headers, json.loads(content) if content else None

    status, headers, _ = asked("OPTIONS")
    assert (status, headers["Access-Control-Allow-Methods"]) == ("204", methods)
    status, headers, problem = asked("DELETE")
    assert (status, headers["Allow"], headers["Cache-Control"]) == ("405", methods, "private, no-store")
    assert problem["code"] == "method_not_allowed"
    assert ("message" in problem) is (path == "/v1/track"), "clients of Segment look for it"
    for method in {"GET": ["GET", "HEAD"], "POST": ["POST"]}[methods.split(",")[0]]:
        status, _, _ = asked(method)
        assert status == "401", method


def test_a_page_of_results_is_ordered_on_the_short_path(bearer):
    path, body = "/api/v1/recommendations/search/order", b'{"product_ids": ["p-2", "p-1"]}'
    status, headers, _ = ask(path, "OPTIONS", HTTP_ORIGIN="https://shop.example")
    assert (status, headers["Access-Control-Allow-Methods"]) == ("204 No Content", "POST, OPTIONS")
    status, headers, content = ask(path, "POST", body, HTTP_AUTHORIZATION=bearer, HTTP_ORIGIN="https://shop.example")
    assert (status, headers["Cache-Control"]) == ("200 OK", "private, no-store")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert [item["product_id"] for item in json.loads(content)["items"]] == ["p-2", "p-1"]


def test_an_unknown_slot_names_those_there_are_to_the_shops_own_server_only(bearer):
    public = f"Bearer {create_key('public', 'pk')[1]}"
    asked = {
        "/api/v1/recommendations/nowhere": ("GET", b""),
        "/api/v1/recommendations/nowhere/order": ("POST", b'{"product_ids": []}'),
    }
    for path, (method, body) in asked.items():
        said = {}
        for key in (bearer, public):
            status, _, content = ask(path, method, body, HTTP_AUTHORIZATION=key)
            assert status == "404 Not Found"
            said[key] = json.loads(content)["detail"]
        assert said[bearer].startswith("No slot 'nowhere': there are ")
        assert "buy-again" in said[bearer]
        assert said[public] == "No slot 'nowhere'. With a secret key the answer names those there are."


def test_an_address_that_is_not_there_is_404_with_a_request_id(settings):
    settings.DEBUG = False
    status, headers, _ = ask("/v1/nothing/here")
    assert status == "404 Not Found"
    assert headers["X-Request-ID"]


def test_an_error_is_500_with_a_request_id(settings, monkeypatch, bearer):
    settings.DEBUG = False
    monkeypatch.setattr("shop.events.api.clock.now", lambda: 1 / 0)
    event = b'{"type": "product_viewed", "visitor_id": "v-1"}'
    status, headers, _ = ask("/api/v1/events", "POST", event, HTTP_AUTHORIZATION=bearer)
    assert status == "500 Internal Server Error"
    assert headers["X-Request-ID"]


HEAVY = ("pandas", "sklearn", "torch", "scipy", "statsmodels", "pyarrow", "lightgbm")
LOAD = f"""
import sys
from config.wsgi import application
from recommender.serving import warm_up
print(*[name for name in {HEAVY!r} if name in sys.modules])
"""


def test_a_web_process_loads_no_library_that_only_training_needs():
    ended = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == []


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_database_ended_is_not_used_again(bearer):
    def recommended() -> str:
        forget_keys()
        return ask("/api/v1/recommendations/home?visitor_id=v-anna0001", HTTP_AUTHORIZATION=bearer)[0]

    assert recommended() == "200 OK"
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [connection.connection.info.backend_pid])
    other.close()
    assert recommended() == "200 OK"
