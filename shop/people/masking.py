"""Personal data for eyes that need not see them."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

PERMISSION = "shop.view_personal_data"


def mask(value: str) -> str:
    """``a•••@mail.example`` for an address, ``A•••`` for anything else; empty stays empty."""
    if not value:
        return ""
    head, at, domain = value.partition("@")
    return f"{head[:1]}•••{at}{domain}"


def shown(value: str, viewer: AbstractBaseUser | AnonymousUser) -> str:
    """``value`` for a viewer with the permission, masked for everybody else."""
    return value if viewer.has_perm(PERMISSION) else mask(value)  # type: ignore[union-attr]
