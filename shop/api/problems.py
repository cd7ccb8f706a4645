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
REPEATED = "It came more than once: give it one value. A list is one value with commas between, where it takes a list."

# Code: when it happens, and what to do. `type` of a problem links to its line on /docs/problems.
PROBLEMS: dict[str, str] = {
    "invalid": "Fields or query parameters are wrong; `errors` points at each. Correct them and send again.",
    "parse_error": "The body is not JSON that can be stored (UTF-8, no NUL, at most 32 levels). Correct it.",
    "not_authenticated": "No API key came with the call. Send `Authorization: Bearer KEY`.",
    "authentication_failed": "The API key is unknown or revoked. Use another one.",
    "permission_denied": "The key lacks the scope for this call, or may not be used from this origin.",
    "origin_not_allowed": "The publishable key may not be used by this web site. Add its origin to the key.",
    "secret_key_exposed": "A secret key stood in an address or a body. Send it in the `Authorization` header only.",
    "csrf_failed": "A form of a page was sent without its token. Load the page again.",
    "not_found": "There is nothing under this address. /api/v1/docs/ lists what there is.",
    "method_not_allowed": "The address exists, but not for this method; `Allow` lists those that do.",
    "conflict": "The state of the thing does not allow this now; `detail` says why.",
    "out_of_stock": "Fewer pieces are left than the order wants; `errors` says of what.",
    "idempotency_in_progress": "The first request with this Idempotency-Key is not answered yet. Retry-After says when.",
    "idempotency_key_reused": "This Idempotency-Key came with another request before. Use a new key.",
    "precondition_failed": "The row is not what If-Match or If-None-Match says. Read it again.",
    "too_large": "The body is larger than accepted. Send it in parts.",
    "unsupported_media_type": "Bodies are `application/json`.",
    "throttled": "Too many requests. Retry-After says when to go on, RateLimit what is left.",
    "bad_request": "The request cannot be understood at all.",
    "error": "We failed; it was logged under `request_id`. The same request may be sent again.",
    "unavailable": "Something we need does not answer. Retry later.",
}
_BY_STATUS = {
    400: "bad_request",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    503: "unavailable",
}


def code_of(http_status: int) -> str:
    """The general code of a status."""
    return _BY_STATUS.get(http_status, "error" if http_status >= 500 else "bad_request")


class Unavailable(exceptions.APIException):
    """503: a server that is needed for this is away; the same may be sent again."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"


class Conflict(exceptions.APIException):
    """409: the state of the thing does not allow this."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = "This is not possible now."

    def __init__(
        self, detail: str | None = None, *, errors: list[dict[str, Any]] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.errors = errors
        self.members = members


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
    request_id: str = "",
) -> HttpResponse:
    """A problem as a plain Django response (for endpoints without DRF); not kept by caches, which may keep a 404 by themselves."""
    content = orjson.dumps(body(code, http_status, detail, errors=errors, request_id=request_id))
    headers = {"Cache-Control": "private, no-store", **(headers or {})}
    return HttpResponse(content, status=http_status, content_type=CONTENT_TYPE, headers=headers)


def pointers(detail: Any, pointer: str = "") -> list[dict[str, Any]]:
    """DRF's tree of errors as a list of ``{pointer, code, message}``."""
    if isinstance(detail, dict):
        rows = []
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{str(name).replace('~', '~0').replace('/', '~1')}"
            rows += pointers(inner, pointer + step)
        return rows
    if isinstance(detail, list):
        rows = []
        for index, inner in enumerate(detail):
            rows += (
                pointers(inner, f"{pointer}/{index}") if isinstance(inner, dict | list) else pointers(inner, pointer)
            )
        return rows
    return [{"pointer": pointer, "code": getattr(detail, "code", "invalid"), "message": str(detail)}]


def nested(pointer: str, error: Any) -> Any:
    """DRF's tree of errors with one error at a JSON pointer; the inverse of :func:`pointers`."""
    tree: Any = [error]
    for step in reversed(pointer.strip("/").split("/")):
        tree = {step: tree}
    return tree


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
        headers["Retry-After"] = str(max(1, int(exception.wait)))  # type: ignore[attr-defined]
    if isinstance(exception, exceptions.ValidationError):
        problem = body("invalid", exception.status_code, "Some fields are wrong.", errors=pointers(exception.detail))
    else:
        code = exception.get_codes()
        code = code if isinstance(code, str) and code in PROBLEMS else code_of(exception.status_code)
        errors = getattr(exception, "errors", None)
        # Django REST framework's own words do not say what to do.
        detail = PROBLEMS[code] if code in ("not_authenticated", "unsupported_media_type") else str(exception.detail)
        problem = body(code, exception.status_code, detail, errors=errors)
        problem |= getattr(exception, "members", {})
    set_rollback()
    return Response(problem, status=problem["status"], headers=headers, content_type=CONTENT_TYPE)
