"""What django-axes counts failed logins under: the keyed hash of the address typed, never the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from shop.people.encryption import email_hash


def name_for_counting(request: HttpRequest | None, credentials: Mapping[str, Any] | None) -> str:
    """The name under which axes counts, logs and caches a login attempt."""
    typed = ""
    if credentials:
        typed = credentials.get("username") or credentials.get("email") or ""
    elif request is not None:
        typed = request.POST.get("username", "")
    return email_hash(str(typed))
