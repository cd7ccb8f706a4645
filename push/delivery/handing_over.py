"""Handing over: one message after the other goes to its channel, each noted in the claim's journal before it does."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from push.channels.base import Channel, Material, Outcome, Rendered, Result
from push.delivery import journal
from push.delivery.claims import renew
from push.delivery.journal import Journal
from push.delivery.models import Message
from push.delivery.states import State

log = logging.getLogger(__name__)

RENEW_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that is marked as dispatching."""

    message: Message
    material: Material
    rendered: Rendered


def hand_over(channel: Channel, noted: Journal, window: Sequence[Ready]) -> list[tuple[Message, Outcome]]:
    """Hand over a window in order; return what is known of each message.

    Messages that are missing from the answer were taken away meanwhile (the lease had ended): others see to them.
    """
    outcomes: list[tuple[Message, Outcome]] = []
    ours: set[uuid.UUID] | None = None
    broken, renewed = False, time.monotonic()
    for number, ready in enumerate(window):
        if broken and not _reconnected(channel):
            break
        if ours is not None and ready.message.pk not in ours:
            continue
        try:
            if not noted.begin(ready.message.pk, _last(outcomes)):
                return outcomes
        except journal.Away:
            ours = go_on_without(noted.claim)
            if ready.message.pk not in ours:
                continue
        channel.foresee(window[number + 1].material if number + 1 < len(window) else None)
        outcome = _send(channel, ready.rendered, ready.material)
        broken = outcome.result in (Result.LATER, Result.UNCERTAIN)
        outcomes.append((ready.message, outcome))
        if time.monotonic() - renewed > RENEW_SECONDS:
            renewed = time.monotonic()
            renew(noted.claim)
    if last := _last(outcomes):
        noted.note(last)
    return outcomes + _unreached(window, outcomes, ours)


def _last(outcomes: Sequence[tuple[Message, Outcome]]) -> tuple[uuid.UUID, Outcome] | None:
    return (outcomes[-1][0].pk, outcomes[-1][1]) if outcomes else None


def _reconnected(channel: Channel) -> bool:
    try:
        channel.connect()
    except OSError:
        return False
    return True


def _unreached(
    window: Sequence[Ready], outcomes: Sequence[tuple[Message, Outcome]], ours: set[uuid.UUID] | None
) -> list[tuple[Message, Outcome]]:
    """Those that the provider was not there for."""
    seen = {message.pk for message, _outcome in outcomes}
    later = Outcome.rejected("no_connection", permanent=False)
    rest = [ready.message for ready in window if ready.message.pk not in seen]
    return [(message, later) for message in rest if ours is None or message.pk in ours]


def go_on_without(claim: uuid.UUID) -> set[uuid.UUID]:
    """Say in the rows that nobody notes any more what is begun; return those that are still this claim's.

    From then on all of them become uncertain when the lease ends, whatever a journal says.
    """
    mine = Message.objects.filter(claim=claim, state=State.DISPATCHING)
    mine.update(journal=None)
    return set(mine.filter(journal=None).values_list("pk", flat=True))


def _send(channel: Channel, rendered: Rendered, material: Material) -> Outcome:
    try:
        return channel.send(rendered, material)
    except Exception as error:  # whatever a channel raises, the message may have gone out: that is what uncertain means
        log.exception("channel %s failed on message %s", channel.name, material.message_id)
        return Outcome.uncertain("failed", type(error).__name__)
