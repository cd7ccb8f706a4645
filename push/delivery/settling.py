"""Settling: what came of a hand-over is written, ended leases are noticed, and what is uncertain is dealt with by policy."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import connection
from django.db.models import Q

from push.channels import CHANNELS
from push.channels.base import Outcome, Result
from push.delivery.models import Message
from push.delivery.states import State, allow, move
from shop import clock

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
FIRST_DELAY = timedelta(seconds=30)
RETRY_UNCERTAIN_AFTER = timedelta(seconds=60)

_STATES = {
    Result.ACCEPTED: State.ACCEPTED,
    Result.REJECTED: State.REJECTED,
    Result.LATER: State.PLANNED,
    Result.UNCERTAIN: State.UNCERTAIN,
}

# A late answer of the same claim still settles what had become uncertain when its lease ended.
_SETTLE = """
UPDATE push_message AS m
SET state = v.state, reason = v.reason, detail = v.detail, provider_id = v.provider_id, settled_at = v.settled_at,
    scheduled_at = COALESCE(v.scheduled_at, m.scheduled_at), lease_until = NULL
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
     AS v(id, state, reason, detail, provider_id, settled_at, scheduled_at)
WHERE m.id = v.id AND m.claim = %s
  AND (m.state = 'dispatching' OR (m.state = 'uncertain' AND v.state IN ('accepted', 'rejected')))
"""


def settle(claim: uuid.UUID, outcomes: Sequence[tuple[Message, Outcome]]) -> int:
    """Write the outcomes of a claim's hand-overs; return how many rows were still waiting for theirs."""
    if not outcomes:
        return 0
    rows = [_row(message, outcome) for message, outcome in outcomes]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [*map(list, zip(*rows, strict=True)), claim])
        settled = int(cursor.rowcount)
    if settled != len(rows):
        log.warning("settled %d of %d messages of claim %s: their lease had ended", settled, len(rows), claim)
    return settled


def _row(message: Message, outcome: Outcome) -> tuple[object, ...]:
    now = clock.now()
    state, reason = _STATES[outcome.result], outcome.reason[:40]
    scheduled_at = None
    if state is State.PLANNED:
        if message.attempt >= MAX_ATTEMPTS:
            state = State.REJECTED
        else:
            scheduled_at = now + FIRST_DELAY * 2 ** (message.attempt - 1)
    allow(State.DISPATCHING, state)
    settled_at = None if state is State.PLANNED else now
    # PostgreSQL's text holds no NUL.
    detail = outcome.detail.replace("\x00", "")[:255]
    return message.pk, state.value, reason, detail, outcome.provider_id[:128], settled_at, scheduled_at


def expire_leases() -> tuple[int, int]:
    """What a dead worker left: claimed goes back, dispatching is uncertain. Return the numbers of both."""
    now = clock.now()
    ended = Message.objects.filter(lease_until__lt=now)
    back = move(ended, State.CLAIMED, State.PLANNED, claim=None, lease_until=None)
    lost = move(ended, State.DISPATCHING, State.UNCERTAIN, lease_until=None, reason="worker_died", settled_at=now)
    return back, lost


def retry_uncertain() -> int:
    """Send again what may safely be, under the same key and with the same products; return how many messages that are.

    Safe where the channel takes the same key once; transactional messages are sent again in any case (at least once),
    marketing otherwise never (at most once).
    """
    now = clock.now()
    idempotent = [name for name in CHANNELS if CHANNELS.get(name).idempotent]
    retried = Message.objects.filter(
        Q(channel__in=idempotent) | Q(campaign__transactional=True),
        attempt__lt=MAX_ATTEMPTS,
        settled_at__lt=now - RETRY_UNCERTAIN_AFTER,
    )
    ids = list(retried.filter(state=State.UNCERTAIN).values_list("pk", flat=True)[:5000])
    return again(ids)


def again(ids: Iterable[uuid.UUID]) -> int:
    """Plan uncertain messages again, under the same key: by policy, or because an operator decided so."""
    messages = Message.objects.filter(pk__in=list(ids))
    return move(
        messages, State.UNCERTAIN, State.PLANNED, claim=None, scheduled_at=clock.now(), settled_at=None, decided_at=None
    )
