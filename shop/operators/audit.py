"""Writing the audit log."""

from __future__ import annotations

from typing import Any

from django.db import models

from shop.operators.models import AuditEntry
from shop.people.models import User


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
        api_key=api_key,
        action=action,
        object_type=target._meta.label_lower if target is not None else "",
        object_id=str(target.pk) if target is not None else "",
        before=before,
        after=after,
        reason=reason,
    )
