"""Triggers by name: one file and one line each; a setting or entry point adds an outsider's."""

from __future__ import annotations

from push.triggers.base import Trigger
from shop.registry import Registry

TRIGGERS: Registry[Trigger] = Registry(
    "trigger",
    {
        "cart_left": "push.triggers.cart_left.CartLeft",
    },
)
