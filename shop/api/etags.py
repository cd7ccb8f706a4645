"""ETags: strong ones, of the representation itself, so that a stock that changed by one changes them."""

from __future__ import annotations

import hashlib
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from shop.api.encoding import dumps


class PreconditionFailed(APIException):
    """412: the row is not what the caller thinks."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = "It was changed meanwhile: read it again, and send the new ETag as If-Match."


def etag_of(data: Any) -> str:
    """The ETag of an answer's data, with its quotes."""
    content = dumps(data, sort_keys=True)
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _listed(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def answer(
    request: Request, data: Any, http_status: int = status.HTTP_200_OK, *, beside: dict[str, Any] | None = None
) -> Response:
    """``data`` with its ETag; 304 without a body where the caller has it already (``If-None-Match``).

    Args:
        beside: further fields, which say something of this answer and are no part of what is stored.
    """
    etag = etag_of(data)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = request.headers.get("If-None-Match", "")
    if request.method in ("GET", "HEAD") and known and (known.strip() == "*" or etag in _listed(known)):
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response({**data, **beside} if beside is not None else data, status=http_status, headers=headers)


def require_match(request: Request, current: Any | None) -> None:
    """Refuse a write whose ``If-Match`` (or ``If-None-Match: *``) does not fit the row as it is; None: there is no row.

    Raises:
        PreconditionFailed: it does not.
    """
    wanted = request.headers.get("If-Match", "")
    if wanted and (current is None or (wanted.strip() != "*" and etag_of(current) not in _listed(wanted))):
        raise PreconditionFailed
    if request.headers.get("If-None-Match", "").strip() == "*" and current is not None:
        raise PreconditionFailed("It exists already.")
