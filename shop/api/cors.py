"""Browsers of other origins: what they are told of a plain endpoint; which may call it is the key's (``origin_allowed``)."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

Answer = TypeVar("Answer", bound=HttpResponseBase)

ALLOWED_HEADERS = "authorization, content-type, content-encoding, idempotency-key, x-request-id"


def preflight(request: HttpRequest, methods: str) -> HttpResponse:
    """The answer to OPTIONS: any origin may ask, the key decides when it is shown."""
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = methods
    response["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response["Access-Control-Max-Age"] = "86400"
    return allow(request, response)


def allow(request: HttpRequest, response: Answer) -> Answer:
    """Let the calling origin read ``response`` (without cookies: a key is all that counts here)."""
    if "HTTP_ORIGIN" in request.META:
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "Retry-After, X-Request-ID"
    return response
