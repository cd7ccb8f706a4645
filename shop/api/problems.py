"""Errors as problem+json (RFC 9457): type, title, status, detail, code, request_id, errors with pointers (RFC 6901)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

CONTENT_TYPE = "application/problem+json"


def body(
    code: str, http_status: int, detail: str, *, errors: list[dict[str, Any]] | None = None, request_id: str = ""
) -> dict[str, Any]:
    """The members of a problem."""
    problem: dict[str, Any] = {
        "type": f"/docs/problems#{code}",
        "title": HTTPStatus(http_status).phrase,
        "status": http_status,
        "detail": detail,
        "code": code,
        "request_id": request_id or structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    if errors:
        problem["errors"] = errors
    return problem


def response(
    code: str,
    http_status: int,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """A problem as a plain Django response (for endpoints without DRF)."""
    content = orjson.dumps(body(code, http_status, detail, errors=errors))
    return HttpResponse(content, status=http_status, content_type=CONTENT_TYPE, headers=headers or {})


def _pointers(detail: Any, pointer: str = "") -> list[dict[str, Any]]:
    if isinstance(detail, dict):
        rows = []
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{str(name).replace('~', '~0').replace('/', '~1')}"
            rows += _pointers(inner, pointer + step)
        return rows
    if isinstance(detail, list):
        rows = []
        for index, inner in enumerate(detail):
            rows += (
                _pointers(inner, f"{pointer}/{index}") if isinstance(inner, dict | list) else _pointers(inner, pointer)
            )
        return rows
    return [{"pointer": pointer, "code": getattr(detail, "code", "invalid"), "message": str(detail)}]


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every API error is a problem."""
    if isinstance(exception, Http404):
        exception = exceptions.NotFound()
    elif isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied()
    if not isinstance(exception, exceptions.APIException):
        return None
    headers = {}
    if getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = exception.auth_header  # type: ignore[attr-defined]
    if getattr(exception, "wait", None) is not None:
        headers["Retry-After"] = str(int(exception.wait) + 1)  # type: ignore[attr-defined]
    if isinstance(exception, exceptions.ValidationError):
        errors = _pointers(exception.detail)
        problem = body("invalid", status.HTTP_400_BAD_REQUEST, "Some fields are wrong.", errors=errors)
    else:
        problem = body(str(exception.get_codes()), exception.status_code, str(exception.detail))
    set_rollback()
    return Response(problem, status=problem["status"], headers=headers, content_type=CONTENT_TYPE)
