"""The description of the API, its page and the reference: every address, scope and problem is there."""

from __future__ import annotations

from django.test import Client
from django.urls import get_resolver
from rest_framework.views import APIView

from shop.api import docs
from shop.api.keys import SCOPES


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


def test_every_operation_says_its_scope_and_who_knows_idempotency_keys(client: Client) -> None:
    paths = client.get("/api/v1/schema/").json()["paths"]
    assert {"/api/v1/events", "/api/v1/events/count", "/api/v1/recommendations/{slot}"} <= set(paths)
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert "Scope: `" in operation["description"], (path, method)
    named = {p["name"] for p in paths["/api/v1/orders"]["post"]["parameters"]}
    assert "Idempotency-Key" in named
    assert "parameters" not in paths["/api/v1/segments/preview"]["post"]


def test_the_description_and_its_page_need_no_foreign_host(client: Client) -> None:
    schema = client.get("/api/v1/schema/")
    assert schema.json()["openapi"] == "3.0.3"
    page = client.get("/api/v1/docs/").content.decode()
    assert "http://" not in page
    assert "https://" not in page
    assert "<script>" not in page
    assert "style=" not in page


def test_every_code_of_a_problem_has_its_place_on_the_page(client: Client) -> None:
    page = client.get("/docs/problems").content.decode()
    for code in docs.PROBLEMS:
        assert f'id="{code}"' in page


def test_the_reference_names_every_address_and_scope(client: Client, settings) -> None:
    text = (settings.BASE_DIR / "docs/reference/api.md").read_text()
    for path in client.get("/api/v1/schema/").json()["paths"]:
        named = [step for step in path.removeprefix("/api/v1").split("/") if step and not step.startswith("{")]
        assert f"/{named[0]}" in text
        assert f"/{named[-1]}" in text, path
    assert [scope for scope in SCOPES if f"`{scope}`" not in text] == []
