"""API keys: publishable ones for browsers, secret ones for servers, each with scopes.

A key is ``pk_`` or ``sk_``, its mode (``test`` or ``live``), and 32 random characters. The database keeps its prefix and SHA-256
(the key has 190 bits of its own randomness, so no slow hash is needed). Found keys are remembered in the process for
:data:`REMEMBER_SECONDS`, so that a hot endpoint asks the database rarely and a revoked key ends within that time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any, cast

import structlog
from django.conf import settings
from django.db import Error
from django.db.models import Model
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from shop import clock
from shop.api.models import ApiKey
from shop.operators.audit import record

log = structlog.get_logger(__name__)

REMEMBER_SECONDS = 10.0
# While the database is away, keys that were good before are taken this much longer, asking again every :data:`ASK_AGAIN_SECONDS`.
TRUST_SECONDS = 300.0
ASK_AGAIN_SECONDS = 2.0

SCOPES = {
    "events:write": "Send events",
    "events:read": "Read stored events",
    "recommendations:read": "Ask for recommendations",
    "catalogue:read": "Read the catalogue",
    "catalogue:write": "Change the catalogue",
    "shoppers:read": "Read shoppers, without personal data",
    "shoppers:personal": "See personal data of shoppers and orders; export and erase",
    "shoppers:write": "Change shoppers and their consents",
    "orders:read": "Read orders",
    "orders:write": "Write orders",
    "campaigns:read": "Read segments, campaigns and results",
    "campaigns:write": "Change segments and campaigns",
    "experiments:read": "Read experiments and their results",
    "experiments:write": "Make, start, stop and conclude experiments",
    "slots:read": "Read slots and how they are steered",
    "slots:write": "Make, change and delete slots",
    "models:read": "Read model versions and their metrics",
    "models:write": "Promote and roll back models",
    "audit:read": "Read the audit log",
}
UNKNOWN_KEY = "This API key is unknown or revoked."
PUBLISHABLE_SCOPES = frozenset({"events:write", "recommendations:read", "catalogue:read"})


@dataclass(frozen=True)
class KeyInfo:
    """What an endpoint needs to know of the key it was called with."""

    pk: int
    kind: str
    prefix: str
    scopes: frozenset[str]
    allowed_origins: frozenset[str]

    @property
    def is_authenticated(self) -> bool:
        """True: DRF asks this of ``request.user``."""
        return True

    @property
    def is_secret(self) -> bool:
        """Whether it is a server's key."""
        return self.kind == ApiKey.Kind.SECRET

    def allows(self, scope: str) -> bool:
        """Whether the key carries ``scope``."""
        return scope in self.scopes


def digest(token: str) -> str:
    """Hex SHA-256 of a key."""
    return hashlib.sha256(token.encode()).hexdigest()


def create_key(
    name: str,
    kind: str,
    *,
    token: str | None = None,
    scopes: list[str] | None = None,
    allowed_origins: list[str] | None = None,
) -> tuple[ApiKey, str]:
    """Create a key and return it with its text, which is shown once and stored nowhere.

    Args:
        allowed_origins: sites whose pages may use it (``https://shop.example``); none: any.
    """
    token = token or f"{kind}_live_{secrets.token_urlsafe(24)}"
    allowed = sorted(PUBLISHABLE_SCOPES if kind == ApiKey.Kind.PUBLISHABLE else SCOPES)
    key, _ = ApiKey.objects.update_or_create(
        digest=digest(token),
        defaults={
            "name": name,
            "kind": kind,
            "prefix": token[:12],
            "scopes": [scope for scope in (scopes if scopes is not None else allowed) if scope in allowed],
            "allowed_origins": allowed_origins or [],
            "revoked_at": None,
        },
    )
    return key, token


_remembered: dict[str, tuple[float, KeyInfo | None]] = {}
_trusted: dict[str, float] = {}


def forget_keys() -> None:
    """Ask the database again for every key (tests; after a revocation in this process)."""
    _remembered.clear()
    _trusted.clear()


def find_key(token: str) -> KeyInfo | None:
    """The valid key with this text, or None; the demo's keys are none outside the demo."""
    if not token.isascii() or len(token) > 200:
        return None
    if token in (settings.DEMO_PUBLISHABLE_KEY, settings.DEMO_API_SECRET_KEY) and not settings.DEMO:
        return None  # everybody knows them
    now = time.monotonic()
    hit = _remembered.get(token)
    if hit and hit[0] > now:
        return hit[1]
    try:
        info = _look_up(token)
    except Error as error:
        return _known_before(token, now, error)
    if len(_remembered) > 10_000:
        _remembered.clear()
        _trusted.clear()
    _remembered[token] = (now + REMEMBER_SECONDS, info)
    _trusted[token] = now + TRUST_SECONDS
    return info


def _known_before(token: str, now: float, error: Error) -> KeyInfo | None:
    """The key as it was when the database last answered.

    Raises:
        the error: it was not asked for lately, or was none.
    """
    hit = _remembered.get(token)
    if hit is None or hit[1] is None or _trusted.get(token, 0.0) < now:
        raise error
    _remembered[token] = (now + ASK_AGAIN_SECONDS, hit[1])
    log.warning("key_taken_unchecked", key=hit[1].prefix, reason=str(error).strip())
    return hit[1]


def _look_up(token: str) -> KeyInfo | None:
    row = ApiKey.objects.filter(digest=digest(token), revoked_at=None).first()
    if row is None:
        return None
    try:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=clock.now())
    except Error as error:
        # A disk that is full, a standby: the key is good all the same.
        log.warning("key_use_not_noted", key=row.prefix, reason=str(error).strip())
    return KeyInfo(row.pk, row.kind, row.prefix, frozenset(row.scopes), frozenset(row.allowed_origins))


def token_of(request: HttpRequest) -> str:
    """The key a request carries: ``Authorization: Bearer KEY``, or HTTP Basic with the key as user name (Segment); else empty."""
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def origin_allowed(info: KeyInfo, request: HttpRequest) -> bool:
    """Whether a publishable key may be used by the web site that calls: any site where the key lists none."""
    if info.is_secret or not info.allowed_origins:
        return True
    origin = request.META.get("HTTP_ORIGIN", "")
    # Browsers leave it out of what they read from their own site, never of what they send.
    return origin.rstrip("/") in info.allowed_origins if origin else request.method in ("GET", "HEAD")


class ApiKeyAuthentication(BaseAuthentication):
    """DRF authentication: ``request.user`` and ``request.auth`` are the :class:`KeyInfo`."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Find the key; none given is anonymous, a wrong one is refused."""
        token = token_of(request._request)
        if not token:
            return None
        info = find_key(token)
        if info is None:
            raise AuthenticationFailed(UNKNOWN_KEY)
        if not origin_allowed(info, request._request):
            raise PermissionDenied("This key may not be used by this web site.", code="origin_not_allowed")
        return info, info

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing key a 401."""
        return 'Bearer realm="pushcart"'


class HasScope(BasePermission):
    """Lets a key through that carries the view's scope: ``scopes = {"GET": "catalogue:read", ...}`` on the view."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the key carries the scope of this method; views without scopes are closed."""
        method = "GET" if request.method == "HEAD" else request.method
        if getattr(view, (method or "").lower(), None) is None or method == "OPTIONS":
            return True  # there is no such method here: answered with 405
        scope = getattr(view, "scopes", {}).get(method)
        if scope is None or not isinstance(request.auth, KeyInfo):
            return False
        if not request.auth.allows(scope):
            raise PermissionDenied(lacks(scope))
        return True


def lacks(scope: str) -> str:
    """What is said to a key without ``scope``."""
    return f"This API key lacks the scope {scope}."


def key_of(request: Request) -> KeyInfo:
    """The key behind an authenticated request."""
    return cast(KeyInfo, request.auth)


def audit(request: Request, action: str, after: dict[str, Any], target: Model | None = None) -> None:
    """Write what a key changed into the audit log; ``after`` holds no personal data."""
    record(action, api_key=key_of(request).prefix, after=after, target=target)
