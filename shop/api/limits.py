"""Rate limits per key, counted in Valkey: a sliding window over two fixed ones, one round trip.

Headers follow draft-ietf-httpapi-ratelimit-headers-10: ``RateLimit-Policy: "key";q=6000;w=60`` and
``RateLimit: "key";r=5999;t=42``.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

import structlog
from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from shop import clock, valkey

log = structlog.get_logger(__name__)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class Allowance:
    """What is left to somebody.

    Attributes:
        quota: requests in ``window`` seconds.
        left: requests still allowed now.
        reset: whole seconds until there are more.
        allowed: whether this request is within the quota.
    """

    quota: int
    window: int
    left: int
    reset: int
    allowed: bool

    def headers(self) -> dict[str, str]:
        """The headers that say so."""
        found = {
            "RateLimit-Policy": f'"key";q={self.quota};w={self.window}',
            "RateLimit": f'"key";r={self.left};t={self.reset}',
        }
        return found if self.allowed else {**found, "Retry-After": str(self.reset)}


@lru_cache(maxsize=8)
def parse_rate(rate: str) -> tuple[int, int]:
    """``"6000/min"`` as (requests, seconds)."""
    count, _, period = rate.partition("/")
    return int(count), _SECONDS[period[0]]


def take(name: str, rate: str) -> Allowance | None:
    """Count one request of ``name``; None while Valkey is away (nobody is refused for that)."""
    quota, window = parse_rate(rate)
    now = clock.now().timestamp()
    index = int(now // window)
    pipe = valkey.client().pipeline(transaction=False)
    current = f"rate:{name}:{index}"
    pipe.get(f"rate:{name}:{index - 1}")
    pipe.incr(current)
    pipe.expire(current, 2 * window + 1)
    try:
        before, count, _ = pipe.execute()
    except valkey.AWAY as error:
        log.warning("rate_not_counted", reason=str(error))
        return None
    passed = now % window
    used = int(before or 0) * (1 - passed / window) + int(count)
    return Allowance(quota, window, max(0, math.floor(quota - used)), math.ceil(window - passed), used <= quota)


class KeyRateThrottle(BaseThrottle):
    """``API_RATE`` requests for each key, or for each address where there is no key."""

    def __init__(self) -> None:
        self.allowance: Allowance | None = None

    def allow_request(self, request: Request, view: object) -> bool:
        """Count, and keep the figures for the headers (shop.api.middleware writes them)."""
        self.allowance = take(self._name(request), settings.API_RATE)
        request._request.allowance = self.allowance  # type: ignore[attr-defined]
        return self.allowance is None or self.allowance.allowed

    def wait(self) -> float | None:
        """Seconds until it is worth trying again."""
        return float(self.allowance.reset) if self.allowance else None

    def _name(self, request: Request) -> str:
        if request.auth is not None:
            return f"key-{request.auth.pk}"
        # Addresses of people stand in no store of ours.
        address = str(self.get_ident(request))
        return f"ip-{hashlib.sha256(f'{settings.SECRET_KEY}{address}'.encode()).hexdigest()[:20]}"


def headers_of(request: HttpRequest) -> dict[str, str]:
    """The rate headers of a request that was counted."""
    allowance: Allowance | None = getattr(request, "allowance", None)
    return allowance.headers() if allowance else {}
