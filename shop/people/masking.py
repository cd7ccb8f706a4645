"""Showing personal data to those who may see them, and a mask to everybody else (logs included)."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

PERMISSION = "shop.view_personal_data"
_DOT = "•"
_EMAIL = re.compile(r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.UNICODE)
# Ten digits or more with a plus before or separators between: ids and amounts have neither.
_PHONE = re.compile(r"(?<![\w.-])\+\d(?:[ ()./-]{0,2}\d){7,14}(?![\w-])")
# Names of log fields whose values are never written, whatever they look like.
_FIELDS = frozenset(
    {"email", "e_mail", "name", "phone", "street", "postcode", "username", "address", "password", "card"}
)


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


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {name: _DOT * 3 if name in _FIELDS and inner else _masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def mask_log(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: nothing that looks like an address or a phone number leaves in a log line."""
    for name, value in event.items():
        if name in _FIELDS and isinstance(value, str) and value:
            event[name] = _DOT * 3
        elif isinstance(value, str | dict | list | tuple):
            event[name] = _masked(value)
    return event
