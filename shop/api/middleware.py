"""The manners of ``/api/`` that no view can see to: every error a problem, request ids, rate headers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from shop.api import problems
from shop.api.limits import headers_of

log = structlog.get_logger(__name__)

PREFIXES = ("/api/", "/v1/")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ApiMiddleware:
    """Outermost for the API: whatever answers below, in whichever layer it fails, leaves here as problem+json."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        if not request.path.startswith(PREFIXES):
            return self.get_response(request)
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = request.META["HTTP_X_REQUEST_ID"] = str(uuid.uuid4())
        response = self.get_response(request)
        # The inner middleware's, where the request came that far: its log lines carry it.
        request_id = response.get("X-Request-ID", request_id)
        if response.status_code == 302:
            # LocaleMiddleware sends what is not there to a page of the storefront; the API itself never redirects.
            response = problems.response(
                "not_found", 404, "There is nothing under this address.", request_id=request_id
            )
        response = as_problem(response, request_id)
        response["X-Request-ID"] = request_id
        for name, value in headers_of(request).items():
            response[name] = value
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Log a failure, and answer 500 without a page of HTML (or of secrets, with DEBUG)."""
        if not request.path.startswith(PREFIXES):
            return None
        log.error("api_failed", path=request.path, method=request.method, exc_info=exception)
        return problems.response("error", 500, "We failed; it was logged under this request id.")


def as_problem(response: HttpResponse, request_id: str) -> HttpResponse:
    """An error that is no JSON (of Django's own making) as a problem; all else as it is.

    An endpoint that answers in JSON has said what it means (Segment's clients read their own shape).
    """
    if response.status_code < 400 or "json" in response.get("Content-Type", ""):
        return response
    code = problems.code_of(response.status_code)
    if response.status_code == 403:
        code = "csrf_failed"
    kept = {name: response[name] for name in ("Allow", "Retry-After", "WWW-Authenticate") if name in response}
    detail = problems.PROBLEMS[code].partition(";")[0].partition(". ")[0].rstrip(".") + "."
    return problems.response(code, response.status_code, detail, headers=kept, request_id=request_id)
