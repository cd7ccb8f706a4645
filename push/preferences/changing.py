"""Changing how a shopper is written to. Consents are statements, appended (``shop.people.consents``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils.translation import gettext_lazy as _

from push.campaigns.models import Campaign
from push.channels import CHANNELS
from push.channels.agreement import agrees, agrees_now
from push.delivery.models import Message
from push.preferences.models import ContactPreference
from push.tracking.models import Receipt
from shop import clock
from shop.people import consents
from shop.people.models import Consent, Shopper

PAUSE = timedelta(days=30)
TEXT_VERSION = "preferences-1"
AGAIN_TEXT_VERSION = "subscribe-again-1"
# What shoppers know topics by; a campaign may bring another, which then stands under its own name.
TOPICS = {
    "marketing": (_("News and offers"), _("What is new, what costs less, at most once a week.")),
    "cart": (_("Reminders"), _("One message when a cart is left behind.")),
    "picks": (_("A weekly selection"), _("Products chosen from what you looked at and bought.")),
}


def topic_name(topic: str) -> str:
    """A topic as people read it."""
    return str(TOPICS[topic][0]) if topic in TOPICS else topic


@dataclass(frozen=True)
class Choice:
    """One channel and topic, and what counts now."""

    channel: str
    topic: str
    granted: bool

    @property
    def field(self) -> str:
        """Name of its field in a form."""
        return f"{self.channel}:{self.topic}"


def topics() -> list[str]:
    """Topics that can be chosen: those of campaigns that are not drafts, and marketing."""
    used = Campaign.objects.exclude(status=Campaign.Status.DRAFT).filter(transactional=False)
    found = {"marketing", *used.values_list("topic", flat=True).distinct()}
    return sorted(found, key=lambda topic: (list(TOPICS).index(topic) if topic in TOPICS else len(TOPICS), topic))


def choices(shopper: Shopper) -> list[Choice]:
    """Every channel and topic, topics together."""
    stated = consents.all_current(shopper)
    return [
        Choice(channel, topic, agrees(channel, stated.get((channel, topic))))
        for topic in topics()
        for channel in CHANNELS.names()
    ]


def choose(shopper: Shopper, wanted: Mapping[str, bool], *, source: str = Consent.Source.PREFERENCES) -> int:
    """Append a statement for each choice that differs from what counts now; return how many.

    Args:
        wanted: by :attr:`Choice.field`; what is not named stays.
    """
    changed = 0
    for choice in choices(shopper):
        want = wanted.get(choice.field, choice.granted)
        if want == choice.granted:
            continue
        changed += 1
        if want:
            consents.give(shopper, choice.channel, choice.topic, source=source, text_version=TEXT_VERSION)
        else:
            consents.withdraw(shopper, choice.channel, choice.topic, source=source)
    return changed


def unsubscribe(message: Message, *, receipt: bool = True, simulated: bool = False) -> None:
    """No more messages of this topic on this channel; what is not yet being handed over is stopped by the check at dispatch."""
    shopper, topic = message.shopper, message.campaign.topic
    if agrees_now(shopper, message.channel, topic):
        consents.withdraw(shopper, message.channel, topic, source=Consent.Source.UNSUBSCRIBE)
    kept = Receipt.objects.filter(message=message, kind=Receipt.Kind.UNSUBSCRIBED)
    if receipt and not kept.exists():
        Receipt.objects.create(
            message=message,
            kind=Receipt.Kind.UNSUBSCRIBED,
            at=clock.now(),
            simulated=simulated or message.simulated,
        )


def subscribe_again(message: Message) -> None:
    """Take an unsubscribing back: the shopper agrees to the message's topic on its channel."""
    shopper, topic = message.shopper, message.campaign.topic
    if not agrees_now(shopper, message.channel, topic):
        source = Consent.Source.PREFERENCES
        consents.give(shopper, message.channel, topic, source=source, text_version=AGAIN_TEXT_VERSION)


def preference(shopper: Shopper) -> ContactPreference:
    """The shopper's pause and quiet hours; unsaved where there are none."""
    return ContactPreference.objects.filter(shopper=shopper).first() or ContactPreference(shopper=shopper)


def pause(shopper: Shopper) -> datetime:
    """Nothing but what an order needs for the next 30 days; return until when."""
    until = clock.now() + PAUSE
    ContactPreference.objects.update_or_create(
        shopper=shopper, defaults={"paused_until": until, "updated_at": clock.now()}
    )
    return until


def resume(shopper: Shopper) -> None:
    """End a pause."""
    ContactPreference.objects.filter(shopper=shopper).update(paused_until=None, updated_at=clock.now())


def set_quiet_hours(shopper: Shopper, quiet_from: time | None, quiet_until: time | None) -> None:
    """Keep quiet between these hours of the shopper's clock; None and None: as the shop does."""
    ContactPreference.objects.update_or_create(
        shopper=shopper,
        defaults={"quiet_from": quiet_from, "quiet_until": quiet_until, "updated_at": clock.now()},
    )
