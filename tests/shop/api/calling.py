"""Calling the API as another system does, and what holds for each of its problems."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

from shop.api import docs
from shop.api.keys import create_key


class Api:
    """Calls the API with one key; JSON in and out."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client(raise_request_exception=False)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        content = {} if body is None else {"data": orjson.dumps(body), "content_type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named.setdefault("authorization", f"Bearer {self.token}")
        return self.client.generic(method, f"/api/v1{path}", headers=named, **content)


def with_scopes(*scopes: str) -> Api:
    return Api(create_key("some", "sk", scopes=list(scopes))[1])


def problem(answer: HttpResponse) -> dict[str, Any]:
    """The body of a refusal, which is one as all are."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    body = answer.json()  # type: ignore[attr-defined]
    assert set(body) >= {"type", "title", "status", "detail", "code", "request_id"}
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer["X-Request-ID"]
    assert body["code"] in docs.PROBLEMS, body["code"]
    return body
