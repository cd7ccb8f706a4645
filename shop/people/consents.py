"""Consents to messages: statements, appended; the newest per channel and topic counts.

What it means that nothing was stated is up to the channel (``push.channels.agreement``).
"""

from __future__ import annotations

from shop import clock
from shop.people.models import Consent, Shopper

MARKETING = "marketing"


def _state(shopper: Shopper, channel: str, topic: str, granted: bool, source: str, text_version: str) -> Consent:
    return Consent.objects.create(
        shopper=shopper,
        channel=channel,
        topic=topic,
        granted=granted,
        source=source,
        text_version=text_version,
        at=clock.now(),
    )


def give(shopper: Shopper, channel: str, topic: str = MARKETING, *, source: str, text_version: str = "") -> Consent:
    """The shopper agrees to messages of a topic on a channel. ``source`` is one of :class:`Consent.Source`."""
    return _state(shopper, channel, topic, True, source, text_version)


def withdraw(shopper: Shopper, channel: str, topic: str = MARKETING, *, source: str) -> Consent:
    """The shopper no longer agrees."""
    return _state(shopper, channel, topic, False, source, "")


def current(shopper: Shopper, channel: str, topic: str = MARKETING) -> bool | None:
    """What the shopper stated last; None: nothing."""
    newest = Consent.objects.filter(shopper=shopper, channel=channel, topic=topic).order_by("-id").first()
    return None if newest is None else newest.granted


def all_current(shopper: Shopper) -> dict[tuple[str, str], bool]:
    """Every (channel, topic) about which the shopper stated something, and what counts now."""
    newest = Consent.objects.filter(shopper=shopper).order_by("channel", "topic", "-id").distinct("channel", "topic")
    return {(row.channel, row.topic): row.granted for row in newest}
