"""Who is browsing: the first-party visitor cookie, consent, and the shopper behind the login.

Consent first: without it nothing is recorded and no visitor cookie is written, except where a cart needs one (``visitor.keep()``):
that cookie then only finds the cart again.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

VISITOR_ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
COOKIE_AGE = timedelta(days=365)
SIMULATOR_AGENT = "PushcartSimulator"


def new_visitor_id() -> str:
    """A random visitor id."""
    return f"v-{uuid.uuid4().hex}"


@dataclass
class BrowsingVisitor:
    """The browser behind a request, as ``request.visitor``.

    Attributes:
        id: visitor id; a fresh one where the browser brought none.
        consented: whether behaviour may be recorded and used (the consent cookie says "yes").
        known: whether the browser brought its id.
        shopper_id: the shopper logged in, or empty.
        simulated: whether this is one of our simulated shoppers.
        addressed: whether the page holds what was chosen for whoever looks: no cache may keep it.
        personalised: whether rows may use the shopper's history (they can turn that off on the privacy page).
    """

    id: str
    consented: bool
    known: bool
    shopper_id: str
    simulated: bool = False
    personalised: bool = True
    kept: bool = field(default=False, repr=False)
    addressed: bool = False

    def keep(self) -> str:
        """Write the cookie even without consent, because a cart needs it; return the id."""
        self.kept = True
        return self.id

    def become(self, visitor_id: str) -> None:
        """Go on under another id (what ``link_visitor`` returned at login)."""
        self.id = visitor_id
        self.kept = True

    def renew(self) -> None:
        """Go on as nobody: after a log-out, what comes next belongs to no one known."""
        self.id = new_visitor_id()
        self.shopper_id = ""
        self.kept = self.known


def is_simulated(request: HttpRequest) -> bool:
    """Whether a request comes from ``manage.py simulate``."""
    agent: str = request.META.get("HTTP_USER_AGENT", "")
    return agent.startswith(SIMULATOR_AGENT)


def _shopper(request: HttpRequest) -> Any:
    """The shopper logged in, or None; no query for a browser without a login."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    return getattr(user, "shopper", None)


class VisitorMiddleware:
    """Set ``request.visitor``; write the cookie once there is consent, or a cart that needs it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        brought = request.COOKIES.get(settings.VISITOR_COOKIE, "")
        known = bool(VISITOR_ID.fullmatch(brought))
        shopper = _shopper(request)
        visitor = BrowsingVisitor(
            id=brought if known else new_visitor_id(),
            consented=request.COOKIES.get(settings.CONSENT_COOKIE) == "yes",
            known=known,
            shopper_id=shopper.pk if shopper is not None else "",
            simulated=is_simulated(request),
            personalised=shopper is None or shopper.personalised,
        )
        request.visitor = visitor  # type: ignore[attr-defined]
        response = self.get_response(request)
        if visitor.addressed:
            patch_cache_control(response, private=True, no_store=True)
        elif not response.has_header("Cache-Control"):
            # Of what no view said anything (an error page, the way to the log-in) the frame is about who looks all the same.
            patch_cache_control(response, private=True, no_cache=True)
        if visitor.id != brought and (visitor.consented or visitor.kept):
            response.set_cookie(
                settings.VISITOR_COOKIE,
                visitor.id,
                max_age=COOKIE_AGE,
                samesite="Lax",
                secure=request.is_secure(),
                # The tracker reads it, so that pages and server speak of the same visitor.
                httponly=False,
            )
        return response


def _split_at_log_out(sender: Any, request: HttpRequest | None, **kwargs: Any) -> None:
    visitor = getattr(request, "visitor", None)
    if visitor is not None:
        visitor.renew()


user_logged_out.connect(_split_at_log_out, dispatch_uid="shop.events.visitors")
