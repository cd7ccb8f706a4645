"""Showing personal data to those who may see them, and a mask to everybody else (config/logs.py masks logs by it)."""

from __future__ import annotations

import re
from typing import Any

PERMISSION = "shop.view_personal_data"
_DOT = "•"
_EMAIL = re.compile(r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.UNICODE)
# Ten digits or more with a plus before or separators between: ids and amounts have neither.
_PHONE = re.compile(r"(?<![\w.-])\+\d(?:[ ()./-]{0,2}\d){7,14}(?![\w-])")


def mask(value: str) -> str:
    """A hint of ``value`` that names nobody: ``a•••@e•••.org``, ``+1 ••• 43``, ``G••• H•••``; empty stays empty."""
    value = value.strip()
    if not value:
        return ""
    if "@" in value:
        local, _, domain = value.partition("@")
        host, _, top = domain.rpartition(".")
        return f"{local[:1]}{_DOT * 3}@{host[:1]}{_DOT * 3}.{top}"
    digits = re.sub(r"\D", "", value)
    if len(digits) >= 7 and not re.search(r"[^\W\d_]", value):
        return f"{_DOT * 3} {digits[-2:]}"
    return " ".join(f"{word[:1]}{_DOT * 3}" for word in value.split())


def may_see(user: Any) -> bool:
    """Whether ``user`` may see personal data in clear."""
    return bool(user is not None and user.is_active and user.has_perm(PERMISSION))


def shown(value: str, viewer: Any) -> str:
    """``value`` for a viewer with the permission ``shop.view_personal_data``, its mask for everybody else."""
    return value if may_see(viewer) else mask(value)


def mask_text(text: str) -> str:
    """``text`` with every e-mail address and international phone number in it masked."""
    text = _EMAIL.sub(lambda found: mask(found[0].replace("%40", "@")), text)
    return _PHONE.sub(lambda found: mask(found[0]), text)
