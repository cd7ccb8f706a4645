"""Settling: what came of a hand-over is written, ended leases are noticed, and what is uncertain is dealt with by policy."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.db import connection
from django.db.models import F, Q, QuerySet

from push.campaigns.models import Campaign
from push.channels import CHANNELS
from push.channels.base import Outcome, Result
from push.delivery import journal
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
    """See to what dead workers left: what was not begun goes back, what was answered is settled, the rest is uncertain.

    Returns:
        How many went back, and how many became uncertain.
    """
    now = clock.now()
    ended = Message.objects.filter(lease_until__lt=now)
    back = move(ended, State.CLAIMED, State.PLANNED, claim=None, lease_until=None)
    lost = _lose(ended.filter(journal=None))
    claims = ended.filter(state=State.DISPATCHING).exclude(journal=None).order_by()
    for claim, server in claims.values_list("claim", "journal").distinct():
        assert claim is not None  # what is being handed over has a claim,
        assert server is not None  # and those without a journal were left out
        try:
            begun = journal.take(claim, server)
        except journal.Away:
            # Once it is back it is the same server, or another, which knows nothing.
            log.warning("what claim %s has begun is not known before Valkey is back", claim)
            continue
        mine = Message.objects.filter(claim=claim, state=State.DISPATCHING)
        if begun is not None:
            back += _settle_from(claim, mine.filter(journal=server), begun)
        lost += _lose(mine)
    return back, lost


def _lose(messages: QuerySet[Message]) -> int:
    changes = {"lease_until": None, "reason": "worker_died", "settled_at": clock.now()}
    return move(messages, State.DISPATCHING, State.UNCERTAIN, **changes)


def _settle_from(claim: uuid.UUID, messages: QuerySet[Message], begun: Mapping[uuid.UUID, Outcome | None]) -> int:
    """Settle what a dead worker had noted, and plan what it had not begun; return how many messages the latter were."""
    noted = [(message, outcome) for message in messages if (outcome := begun.get(message.pk)) is not None]
    settle(claim, noted)
    return move(
        messages.exclude(pk__in=list(begun)),
        State.DISPATCHING,
        State.PLANNED,
        claim=None,
        lease_until=None,
        journal=None,
        decided_at=None,
        attempt=F("attempt") - 1,
    )


def retry_uncertain() -> int:
    """Send again what may safely be, under the same key and with the same products; return how many messages that are.

    Safe where the channel takes the same key once; transactional messages are sent again in any case (at least once),
    marketing otherwise never (at most once).
    """
    under_way = (Campaign.Status.RUNNING, Campaign.Status.PAUSED)
    retried = _to_retry().filter(campaign__status__in=under_way, settled_at__lt=clock.now() - RETRY_UNCERTAIN_AFTER)
    return again(list(retried.values_list("pk", flat=True)[:5000]))


def waits_for_a_retry(campaign: Campaign) -> bool:
    """Whether an uncertain message of a campaign will be sent again."""
    return _to_retry().filter(campaign=campaign).exists()


def _to_retry() -> QuerySet[Message]:
    idempotent = [name for name in CHANNELS if CHANNELS.get(name).idempotent]
    return Message.objects.filter(
        Q(channel__in=idempotent) | Q(campaign__transactional=True), state=State.UNCERTAIN, attempt__lt=MAX_ATTEMPTS
    )


def again(ids: Iterable[uuid.UUID]) -> int:
    """Plan uncertain messages again, under the same key: by policy, or because an operator decided so."""
    messages = Message.objects.filter(pk__in=list(ids))
    return move(
        messages, State.UNCERTAIN, State.PLANNED, claim=None, scheduled_at=clock.now(), settled_at=None, decided_at=None
    )
