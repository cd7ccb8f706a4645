"""Writing the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models

from shop.operators.models import AuditEntry
from shop.people.models import User

_acting_key: ContextVar[str] = ContextVar("acting_key", default="")


@contextmanager
def by_key(prefix: str) -> Iterator[None]:
    """What is recorded inside without an actor was done by the API key with this prefix."""
    token = _acting_key.set(prefix)
    try:
        yield
    finally:
        _acting_key.reset(token)


def record(
    action: str,
    *,
    actor: User | None = None,
    api_key: str = "",
    target: models.Model | None = None,
    before: Any = None,
    after: Any = None,
    reason: str = "",
) -> AuditEntry:
    """Write one entry. ``before`` and ``after`` are JSON and hold no personal data."""
    return AuditEntry.objects.create(
        actor=actor,
        api_key=api_key or ("" if actor is not None else _acting_key.get()),
        action=action,
        object_type=target._meta.label_lower if target is not None else "",
        object_id=str(target.pk) if target is not None else "",
        before=before,
        after=after,
        reason=reason,
    )
