"""The only middleware of the short path: a request id, on the answer and on every line logged meanwhile, no sniffing, a length."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from shop.api.middleware import as_problem

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class ShortMiddleware:
    """Set ``X-Request-ID`` (the caller's, where it is a plain one); errors of Django's own leave as problems."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = as_problem(self.get_response(request), request_id)
        response["X-Request-ID"] = request_id
        response["X-Content-Type-Options"] = "nosniff"
        if not response.streaming and response.status_code != 204:
            # Without it the server sends chunks, which costs it and the client more.
            response["Content-Length"] = str(len(response.content))
        return response
