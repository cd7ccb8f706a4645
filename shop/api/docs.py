"""The API's description (OpenAPI), its page to try it on, and the page that problems link to."""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from shop.api import openapi as _openapi  # noqa: F401 - registers how keys are described
from shop.api.problems import PROBLEMS

_described: dict[str, bytes] = {}


def description() -> dict[str, Any]:
    """The OpenAPI description of everything under ``/api/v1/``."""
    generator: Any = SchemaGenerator
    found: dict[str, Any] = generator(api_version="v1").get_schema(request=None, public=True)
    return found


@require_safe
@cache_control(max_age=300)
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI as JSON; made once a process."""
    if "json" not in _described:
        _described["json"] = orjson.dumps(description(), default=str, option=orjson.OPT_NON_STR_KEYS)
    return HttpResponse(_described["json"], content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI from this server, under its content security policy."""
    return render(
        request,
        "api/docs.html",
        {"demo_keys": [settings.DEMO_PUBLISHABLE_KEY, settings.DEMO_API_SECRET_KEY] if settings.DEMO else []},
    )


@require_safe
def problem_page(request: HttpRequest) -> HttpResponse:
    """Every code of a problem: when it happens, what to do."""
    return render(request, "api/problems.html", {"problems": PROBLEMS})
