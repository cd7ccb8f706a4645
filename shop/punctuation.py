"""How lists and sentences follow one another in the language of who looks: Chinese has marks of its own, and no spaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _


def listed(parts: Iterable[Any]) -> str:
    """Things after one another: "events 0, carts 2"."""
    return _(", ").join(map(str, parts))


def set_apart(parts: Iterable[Any]) -> str:
    """Things that hold commas themselves."""
    return _("; ").join(map(str, parts))


def sentences(parts: Iterable[Any]) -> str:
    """Whole sentences; empty ones are left out."""
    space = "" if (get_language() or "").startswith("zh") else " "
    return space.join(filter(None, map(str, parts)))
