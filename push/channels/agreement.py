"""Whether a shopper agrees to messages of a topic on a channel: one meaning, asked everywhere.

The newest statement counts (``shop.people.consents``). Where nothing was said, the channel's silence counts: no on a channel that
reaches out to people, yes in the inbox, which they come to themselves and where each item can be switched off. Planning, the check
at dispatch, segments, preferences and unsubscribing all ask here (docs/explanation/consent.md).
"""

from __future__ import annotations

from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from push.channels import CHANNELS
from shop.people import consents
from shop.people.models import Consent, Shopper


def agrees(channel: str, stated: bool | None) -> bool:
    """The rule. ``stated`` is what was said last, None where nothing was."""
    return CHANNELS.get(channel).silence_is_consent if stated is None else stated


def agrees_now(shopper: Shopper, channel: str, topic: str) -> bool:
    """Whether ``shopper`` agrees at this moment."""
    return agrees(channel, consents.current(shopper, channel, topic))


def who_agrees(channel: str, topic: str) -> Q:
    """The condition on shoppers: those who agree. A channel that is not there has no silence: only who said yes."""
    silence = channel in CHANNELS and agrees(channel, None)
    newest = Consent.objects.filter(shopper=OuterRef("pk"), channel=channel, topic=topic).order_by("-id")
    return Q(Exact(Coalesce(Subquery(newest.values("granted")[:1]), Value(silence)), Value(True)))
