"""Why a message is not sent, asked at the very moment it would be: one check a reason, in order; the first that fails decides.

A check says None (passed), ``Skip`` or ``Defer``. Held-out shoppers' rows are asked the same, so that both sides of
a comparison lose the same people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from push.campaigns.models import Campaign
from push.channels.agreement import agrees
from push.delivery.facts import Facts
from push.delivery.models import Message
from push.delivery.quiet import hours, quiet_until
from push.preferences.models import ContactPreference

# Code (``Message.reason``) to its words on the campaign's page.
WORDS = {
    # Skipped
    "cancelled": _("Campaign cancelled"),
    "ended": _("Campaign ended before it was their turn"),
    "erased": _("Erased meanwhile"),
    "no_address": _("No address on this channel"),
    "unsubscribed": _("Unsubscribed meanwhile"),
    "paused": _("Has paused all messages"),
    "suppressed": _("Address suppressed meanwhile"),
    "ordered": _("Had ordered since planning"),
    "run_over": _("What it was about is over"),
    "quiet_hours": _("Quiet hours until the end"),
    "capped": _("Frequency cap reached meanwhile"),
    "no_products": _("No product left in stock for the block"),
    "content": _("The content could not be rendered for them"),
    # Rejected, uncertain
    "no_answer": _("No answer"),
    "connection_lost": _("The connection broke"),
    "connection_lost_after_data": _("The connection broke before the answer"),
    "no_connection": _("The provider cannot be reached"),
    "worker_died": _("The worker died before the answer"),
    "too_many_attempts": _("Given up after several attempts"),
    "failed": _("The channel failed"),
}


def reason_words(reason: str) -> str:
    """A reason (``Message.reason``) as people read it; a provider's own code without its underscores."""
    return str(WORDS.get(reason) or reason.replace("_", " ") or _("no reason given"))


@dataclass(frozen=True, slots=True)
class Skip:
    """Never sent, for this reason (a key of ``WORDS``)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Defer:
    """Held until ``until``; skipped for ``reason`` where the campaign ends before."""

    reason: str
    until: datetime


Answer = Skip | Defer | None
Check = Callable[[Message, Facts], Answer]


def not_erased(message: Message, facts: Facts) -> Answer:
    """The person still exists."""
    shopper = facts.shoppers.get(message.shopper_id)
    return Skip("erased") if shopper is None or shopper.erased_at is not None else None


def has_address(message: Message, facts: Facts) -> Answer:
    """There is somewhere to send it."""
    return None if facts.addresses[message.shopper_id] else Skip("no_address")


def has_agreed(message: Message, facts: Facts) -> Answer:
    """The shopper agrees: by their newest statement, or by silence where the channel takes that."""
    if facts.campaign.transactional:
        return None
    agreed = agrees(facts.channel.name, facts.consents.get(message.shopper_id))
    return None if agreed else Skip("unsubscribed")


def not_paused(message: Message, facts: Facts) -> Answer:
    """The shopper has not asked for a pause."""
    preference = _preference(message, facts)
    if facts.campaign.transactional or preference is None or preference.paused_until is None:
        return None
    return Skip("paused") if preference.paused_until > facts.now else None


def _preference(message: Message, facts: Facts) -> ContactPreference | None:
    """The shopper's own wishes, read with the shopper."""
    found: ContactPreference | None = getattr(facts.shoppers[message.shopper_id], "contact_preference", None)
    return found


def not_suppressed(message: Message, facts: Facts) -> Answer:
    """The address has not bounced or complained."""
    return Skip("suppressed") if message.shopper_id in facts.suppressed else None


def not_over(message: Message, facts: Facts) -> Answer:
    """What triggered it still holds: the cart is open."""
    return Skip("run_over") if facts.runs is not None and message.run_key not in facts.runs else None


def not_ordered(message: Message, facts: Facts) -> Answer:
    """No order since it was planned."""
    return Skip("ordered") if message.pk in facts.ordered else None


def not_quiet(message: Message, facts: Facts) -> Answer:
    """Not at night, by the shopper's clock and, where they said so, their own hours."""
    if not facts.channel.disturbs or facts.campaign.transactional:
        return None
    quiet, own = hours(facts.campaign), _preference(message, facts)
    if own is not None and own.quiet_from is not None and own.quiet_until is not None:
        quiet = (own.quiet_from, own.quiet_until) if own.quiet_from != own.quiet_until else None
    if quiet is None:
        return None
    until = quiet_until(facts.now, *quiet, facts.shoppers[message.shopper_id].time_zone)
    return None if until is None else Defer("quiet_hours", until)


def not_capped(message: Message, facts: Facts) -> Answer:
    """Fewer messages lately than the caps allow; taken by :func:`take` within the same transaction."""
    for cap in facts.caps:
        if facts.taken[cap][message.shopper_id] >= cap.count:
            later = facts.campaign.when_capped == Campaign.WhenCapped.DEFER
            return Defer("capped", facts.now + timedelta(hours=6)) if later else Skip("capped")
    return None


def take(message: Message, facts: Facts) -> None:
    """Count a message that is about to be dispatched against its shopper's caps, for the rest of the window."""
    for cap in facts.caps:
        facts.taken[cap][message.shopper_id] += 1


CHECKS: tuple[Check, ...] = (
    not_erased,
    has_address,
    has_agreed,
    not_paused,
    not_suppressed,
    not_ordered,
    not_over,
    not_quiet,
    not_capped,
)


def ask(message: Message, facts: Facts) -> Answer:
    """The first check that fails decides; None: send it. A wait beyond the campaign's end is a skip."""
    for check in CHECKS:
        answer = check(message, facts)
        if answer is None:
            continue
        ends_at = facts.campaign.ends_at
        if isinstance(answer, Defer) and ends_at is not None and answer.until >= ends_at:
            return Skip(answer.reason)
        return answer
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """One check and its answer, for "why did, or didn't, X get it?"; ``passed`` is None where it was never asked."""

    check: str
    passed: bool | None
    answer: Answer


def explain(message: Message, facts: Facts) -> list[Asked]:
    """Every check in order; those after the first that fails were never asked."""
    asked: list[Asked] = []
    failed = False
    for check in CHECKS:
        answer = None if failed else check(message, facts)
        asked.append(Asked(check.__name__, None if failed else answer is None, answer))
        failed = failed or answer is not None
    return asked
