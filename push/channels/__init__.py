"""Channels by name: one file and one line each; a setting or entry point adds an outsider's."""

from __future__ import annotations

from push.channels.base import Channel
from shop.registry import Registry

CHANNELS: Registry[Channel] = Registry(
    "channel",
    {
        "email": "push.channels.email.EmailChannel",
        "inapp": "push.channels.inapp.InAppChannel",
    },
)
