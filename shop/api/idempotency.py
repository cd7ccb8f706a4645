"""``Idempotency-Key``: a write that is sent again gets the answer of the first, for 24 hours.

The key is claimed by a row of its own before the work; the work and the remembered answer are one transaction, so there is never
one without the other. Key and body are kept as a keyed hash, the answer encrypted: they may name people.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

import orjson
from django.db import IntegrityError, transaction
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from shop import clock
from shop.api.encoding import dumps
from shop.api.models import IdempotentAnswer
from shop.people.encryption import keyed_hash

REMEMBER = timedelta(hours=24)
# A claim older than this belongs to a process that died: nothing was committed with it.
ABANDONED = timedelta(minutes=2)
MOST_KEY = 255
_REPLAYED = ("ETag", "Location")

View = TypeVar("View", bound=Callable[..., Response])


class KeyReused(APIException):
    """422: the key came with another request before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key came with another request before; use a new key."


class InProgress(APIException):
    """409: the first request with the key is not answered yet."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency_in_progress"
    default_detail = "The first request with this Idempotency-Key is under way; ask again in a second."
    wait = 1.0


def idempotent(method: View) -> View:
    """A write method of an endpoint that honours ``Idempotency-Key``. It runs in one transaction, with a key or without."""

    @wraps(method)
    def run(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            with transaction.atomic():
                return method(view, request, *args, **kwargs)
        if not 1 <= len(key) <= MOST_KEY or not key.isprintable():
            raise ValidationError({"Idempotency-Key": [f"1 to {MOST_KEY} printable characters."]})
        claim, replay = _claim(request, key)
        if replay is not None:
            return replay
        try:
            with transaction.atomic():
                response = method(view, request, *args, **kwargs)
                _remember(claim, response)
                return response
        except BaseException:
            # Nothing was written: the same key may try again.
            IdempotentAnswer.objects.filter(pk=claim.pk, status=None, created_at=claim.created_at).delete()
            raise

    run.honours_idempotency_key = True  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]


def _claim(request: Request, key: str) -> tuple[IdempotentAnswer, Response | None]:
    """A claim of our own, or the answer to replay.

    Raises:
        KeyReused, InProgress.
    """
    # The body as parsed: blanks and the order of members do not make another request.
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS).decode()
    parts = (request.method or "", request.get_full_path(), body)
    row = IdempotentAnswer(
        api_key_id=request.auth.pk,
        key=keyed_hash(key, "idempotency-key"),
        fingerprint=keyed_hash("\x00".join(parts), "idempotency-body"),
        created_at=clock.now(),
    )
    same_key = IdempotentAnswer.objects.filter(api_key_id=row.api_key_id, key=row.key)
    same_key.filter(created_at__lt=clock.now() - REMEMBER).delete()
    same_key.filter(status=None, created_at__lt=clock.now() - ABANDONED).delete()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        found = same_key.first()
    else:
        return row, None
    if found is not None and found.fingerprint != row.fingerprint:
        raise KeyReused
    if found is None or found.status is None:
        raise InProgress
    return found, _replay(found)


def _remember(claim: IdempotentAnswer, response: Response) -> None:
    headers = {name: response[name] for name in _REPLAYED if name in response}
    claim.status = response.status_code
    claim.body = dumps({"data": response.data, "headers": headers}).decode()
    claim.save(update_fields=["status", "body"])


def _replay(found: IdempotentAnswer) -> Response:
    answer = orjson.loads(found.body)
    return Response(answer["data"], status=found.status, headers={**answer["headers"], "Idempotency-Replayed": "true"})


def forget_old() -> int:
    """Delete what is older than :data:`REMEMBER`; how many."""
    return IdempotentAnswer.objects.filter(created_at__lt=clock.now() - REMEMBER).delete()[0]
